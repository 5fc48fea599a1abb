// What the entrance is told.

import { referenceOf } from "./ticket_codes.js";
import { shortMoment } from "./times.js";

// How many of a group were in already, by a refusal: "2 of 4"; undefined if all of them were, or it was one guest.
export const partOf = ({ message }) => /^\d+ of \d+/.exec(message)?.[0];

// A state, a headline and a sentence for what the service has refused.
export function refusal({ code, message, errors }) {
  if (code === "already_checked_in") {
    const part = partOf({ message });
    const at = shortMoment(errors.checked_in_at[0]);
    return ["bad", "Already in", part ? `${part} are in, the first since ${at}.` : `Checked in at ${at}.`];
  }
  if (code === "invalid" && errors?.quantity) return ["bad", "Too many", errors.quantity[0]];
  if (code === "not_confirmed") return ["bad", "No seat", "This registration has no seat."];
  if (code === "ticket_not_found") return ["bad", "Unknown", "There is no such ticket at your events."];
  return ["warn", "Try again", message];
}

const WHY = {
  already_checked_in: ({ first, part }) =>
    part ? `but ${part} had come in already, the first at ${shortMoment(first)}.` : `but had come in already, at ${shortMoment(first)}.`,
  not_confirmed: () => "but has no seat any more.",
  ticket_not_found: () => "but there is no such ticket at your events.",
};

const refused = () => "but the service does not take it.";

// Of a ticket that was let in without a network.
export function conflict(one) {
  const people = one.people > 1 ? `, ${one.people} people,` : "";
  return `${referenceOf(one.code)}${people} was let in here at ${shortMoment(one.at)} without a network, ${(WHY[one.reason] ?? refused)(one)} `;
}
