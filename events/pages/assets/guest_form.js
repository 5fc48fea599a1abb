// Adding a guest: the form, and what the queue makes of it.

import { api } from "./api.js";
import { byId, el } from "./dom.js";
import { onSubmit } from "./forms.js";
import { eventId } from "./head.js";
import { say } from "./language.js";
import { clockTime } from "./times.js";

const WAIT_SECONDS = 20;

// `decided` is called when a guest has a place in the list, or has none.
export function startGuestForm(event, decided) {
  const form = byId("guest-form");
  if (!form || !event) return;
  const types = event.ticket_types ?? [];
  byId("guest-type").replaceChildren(...types.map(({ id, name }) => el("option", { value: id }, name)));
  byId("guest-type").closest(".field").hidden = types.length === 0;
  onSubmit(form, async () => {
    byId("guest-told").textContent = "";
    const made = await api("POST", `/events/${eventId}/attendees`, values(form));
    form.reset();
    byId("guest-told").textContent = say("in-line");
    const ticket = await api("GET", `${made.status_url}?wait=${WAIT_SECONDS}`);
    byId("guest-told").textContent = said(ticket);
    decided();
  });
}

function values(form) {
  const { name, email, quantity, ticket_type: type, language, beyond_capacity: beyond } = form.elements;
  const found = { name: name.value, email: email.value, quantity: Number(quantity.value), language: language.value, beyond_capacity: beyond.checked };
  return type.value ? { ...found, ticket_type: Number(type.value) } : found;
}

function said({ status, expires_at: until }) {
  const known = ["confirmed", "waitlisted", "queued", "held"].includes(status);
  return say(`got-${known ? status : "nothing"}`, { time: clockTime(until) });
}
