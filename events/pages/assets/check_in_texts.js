// What the entrance is told.

import { referenceOf } from "./ticket_codes.js";
import { shortMoment } from "./times.js";

// A state, a headline and a sentence for what the service has refused.
export function refusal({ code, message, errors }) {
  if (code === "already_checked_in") {
    const [part] = /^\d+ of \d+/.exec(message) ?? [];
    const at = shortMoment(errors.checked_in_at[0]);
    return ["bad", "Already in", part ? `${part} are in, the first since ${at}.` : `Checked in at ${at}.`];
  }
  if (code === "invalid" && errors?.quantity) return ["bad", "Too many", errors.quantity[0]];
  if (code === "not_confirmed") return ["bad", "No seat", "This registration has no seat."];
  if (code === "ticket_not_found") return ["bad", "Unknown", "There is no such ticket at your events."];
  return ["warn", "Try again", message];
}

const WHY = {
  already_checked_in: ({ first }) => `but had come in already, at ${shortMoment(first)}.`,
  not_confirmed: () => "but has no seat any more.",
  ticket_not_found: () => "but there is no such ticket at your events.",
};

const refused = () => "but the service does not take it.";

// Of a ticket that was let in without a network.
export function conflict(one) {
  return `${referenceOf(one.code)} was let in here at ${shortMoment(one.at)} without a network, ${(WHY[one.reason] ?? refused)(one)} `;
}
