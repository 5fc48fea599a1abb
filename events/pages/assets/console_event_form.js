// A new event, or changes to one.

import { api } from "./api.js";
import { byId, el, here, refresh } from "./dom.js";
import { onSubmit } from "./forms.js";
import { paint } from "./head.js";
import { say } from "./language.js";
import { HoldFields } from "./console_hold.js";
import { TicketTypes } from "./console_ticket_types.js";
import { LocalTime, readTimes } from "./local_time.js";

const form = byId("event-form");
const eventId = byId("main").dataset.event;
const NUMBERS = ["max_capacity", "waitlist_capacity", "max_quantity"];
const SWITCHES = ["mail", "verify_email"];
const TIMES = ["start_time", "end_time", "registration_opens_at", "registration_closes_at", "cancel_until", "draw_at"];
let before = {};

const times = TIMES.map((name) => new LocalTime(form.elements[name]));

function values() {
  const fields = readTimes(times);
  for (const { name, value } of form.querySelectorAll("input[name]:enabled, select[name], textarea[name]")) {
    if (!TIMES.includes(name)) fields[name] = NUMBERS.includes(name) && value !== "" ? Number(value) : value;
  }
  return fields;
}

// What was left empty, or as it was, is not sent: a time in the form has lost its fraction of a second.
const changed = (now) => Object.fromEntries(Object.entries(now).filter(([name, value]) => value !== before[name] && !(TIMES.includes(name) && !value)));

// With ticket types, they have the sizes.
const types = new TicketTypes(form.elements.ticket_types, () => {
  for (const name of NUMBERS) form.elements[name].disabled = Boolean(form.elements.ticket_types.value);
});

const hold = new HoldFields(form.elements.hold);

function sent() {
  const fields = changed(values());
  if ("ticket_types" in fields) fields.ticket_types = JSON.parse(fields.ticket_types || "[]");
  if ("hold" in fields) fields.hold = JSON.parse(fields.hold || "null");
  for (const name of SWITCHES) if (name in fields) fields[name] = fields[name] === "true";
  return fields;
}

function show(event) {
  hold.show(event.hold);
  types.show(event.ticket_types);
  for (const name of [...NUMBERS, "name", "location", "visibility", "access", "admission", ...SWITCHES, "timezone"]) form.elements[name].value = event[name];
  form.elements.description.value = event.description ?? "";
  for (const time of times) if (event[time.input.name]) time.show(Date.parse(event[time.input.name]));
  before = values();
  paint(event);
}

onSubmit(form, async () => {
  byId("saved").textContent = "";
  byId("save").disabled = true;
  try {
    const event = await (eventId ? api("PATCH", `/events/${eventId}`, sent()) : api("POST", "/events", sent()));
    if (!eventId) return location.assign(here(`/console/events/${event.id}`));
    show(event);
    byId("saved").textContent = say("saved");
  } finally {
    byId("save").disabled = false;
  }
});

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
byId("zone").textContent = zone;
byId("zones").append(...(Intl.supportedValuesOf?.("timeZone") ?? [zone]).map((name) => el("option", { value: name })));
if (!eventId) form.elements.timezone.value = zone;
if (eventId) {
  const event = await refresh(() => api("GET", `/events/${eventId}`));
  if (event) show(event);
}
form.dataset.ready = "";
