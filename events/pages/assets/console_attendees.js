// Who has a seat, and who is in.

import { entry } from "./check_ins.js";
import { byId, el, here, person, problem, row } from "./dom.js";
import { guestActions } from "./guest_actions.js";
import { startGuestForm } from "./guest_form.js";
import { eventId, showHead } from "./head.js";
import { say, sayCount } from "./language.js";
import { List } from "./list.js";
import { knowTypes, named } from "./named.js";
import { shortMoment } from "./times.js";

const path = `/events/${eventId}/attendees`;
// What this token sees and may do; the page's frame says so.
const { contacts, entrance, full } = byId("rows").dataset;

function shown(one) {
  const more = contacts === undefined ? [] : [person(one.email), shortMoment(one.confirmed_at)];
  const inside = entrance === undefined ? shortMoment(one.checked_in_at) || "–" : entry(one, () => attendees.again());
  return row(named(one), ...more, referenceCell(one), inside, ...(full === undefined ? [] : [guestActions(one, () => attendees.again())]));
}

// The reference leads to what was done to this guest. Where one guest was asked for, it may be of any status.
function referenceCell(one) {
  if (contacts === undefined) return one.reference;
  const trail = el("a", { href: here(`/console/audit?ticket=${encodeURIComponent(one.reference)}`), title: say("trail") }, one.reference);
  const status = given.has("reference") && one.status !== "confirmed" ? ` · ${say(`status-${one.status}`)}` : "";
  return el("span", {}, trail, status);
}

function counted({ total_items: total }) {
  byId("count").textContent = sayCount("tickets", total);
}

const attendees = new List("rows", shown, say("none"), counted);

// What a link of another page has asked for: the guests of one code, or one guest.
const wanted = new URLSearchParams(location.search);
const given = new Map(["code", "reference"].filter((name) => wanted.has(name)).map((name) => [name, wanted.get(name)]));

function showGiven() {
  byId("given").hidden = !given.size;
  byId("given-text").textContent = [...given].map(([name, value]) => say(`of-${name}`, { value })).join(", ");
}

function load() {
  const asked = new URLSearchParams();
  if (byId("search").value.trim()) asked.set("search", byId("search").value.trim());
  for (const [name, value] of given) asked.set(name, value);
  if (byId("checked-in").value) asked.set("checked_in", byId("checked-in").value);
  problem(null);
  byId("csv").href = `${path}?${new URLSearchParams([["format", "csv"], ...asked])}`;
  attendees.load(`${path}?${new URLSearchParams([["page_size", "50"], ...asked])}`);
}

byId("search-form").addEventListener("submit", (sent) => {
  sent.preventDefault();
  load();
});
byId("checked-in").addEventListener("change", load);
showGiven();
const event = await showHead();
knowTypes(event);
startGuestForm(event, () => attendees.again());
load();
