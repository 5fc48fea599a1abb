// Checking guests in and undoing it, at the service.

import { api } from "./api.js";
import { attempt, el } from "./dom.js";
import { eventId } from "./head.js";
import { number, say, sayCount } from "./language.js";
import { shortMoment } from "./times.js";

const path = `/events/${eventId}/check-ins`;

// A guest waits before the device: after this long it is on its own.
const PATIENCE_MS = 8_000;

// `named` has one of code, ticket_id and reference. Both return the guest. Throw Refused.
export const checkIn = (named) => api("POST", path, named, PATIENCE_MS);
// With a stamp, only what came in under it. One of an earlier release has no id, and is found by its time.
export const undo = (reference, stamp) => api("DELETE", `${path}/${reference}${stamp ? `?${new URLSearchParams(named(stamp))}` : ""}`);
const named = ({ at, id }) => (id ? { check_in_id: id } : { checked_in_at: at });

// When a guest comes in, as far as this device can tell (null: it cannot), and the name of that check-in. The service
// moves a time that cannot be; the name stays.
export const stamped = (at) => ({ at, id: crypto.getRandomValues(new Uint32Array(4)).join("-") });
export const sentWith = ({ at, id }) => ({ ...(at && { checked_in_at: at }), ...(id && { check_in_id: id }) });

// How many of a group are in: "2 of 4"; how many it is before that, and nothing for a single guest.
export function seats({ quantity = 1, checked_in_quantity: inside = 0 }) {
  if (quantity === 1) return "";
  return inside && inside < quantity ? say("part", { inside: number(inside), all: number(quantity) }) : sayCount("seats", quantity);
}

// A group may come in parts: the rest of it can still be checked in.
export const isPartlyIn = ({ quantity = 1, checked_in_quantity: inside = 0 }) => inside > 0 && inside < quantity;

// A cell's content: since when the guest is in, and the button that changes it. `changed(guest)` hears of each change.
export function entry(guest, changed) {
  const partly = isPartlyIn(guest);
  const since = guest.checked_in_at ? `${shortMoment(guest.checked_in_at)} ${partly ? `(${seats(guest)}) ` : ""}` : "";
  const [text, work] = guest.checked_in_at && !partly ? ["undo", () => undo(guest.reference)] : ["check-in", () => checkIn({ reference: guest.reference })];
  const press = async ({ currentTarget }) => {
    currentTarget.disabled = true;
    const done = await attempt(work);
    currentTarget.disabled = false;
    if (done) changed(done);
  };
  const button = el("button", { type: "button", onclick: press, "aria-label": say(`${text}-of`, { name: guest.name }) }, say(text));
  return el("span", { class: "entry" }, since, button);
}
