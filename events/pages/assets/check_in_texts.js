// What the entrance is told.

import { say, sayCount } from "./language.js";
import { inWords } from "./refusals.js";
import { referenceOf } from "./ticket_codes.js";
import { shortMoment } from "./times.js";

// How many of a group were in already, by a refusal: "2 of 4"; undefined if all of them were, or it was one guest.
export const partOf = ({ message }) => /^\d+ of \d+/.exec(message)?.[0];

const numbersOf = (part) => {
  const [inside, all] = part.split(" of ");
  return { inside, all };
};

// A state, a headline and a sentence for what the service has refused.
export function refusal({ code, message, errors }) {
  if (code === "already_checked_in") {
    const part = partOf({ message });
    const at = shortMoment(errors.checked_in_at[0]);
    return ["bad", say("already-in"), part ? say("part-in-since", { ...numbersOf(part), time: at }) : say("in-since", { time: at })];
  }
  if (code === "invalid" && errors?.quantity) return ["bad", say("too-many"), inWords(errors.quantity[0])];
  if (code === "not_confirmed") return ["bad", say("no-seat"), say("has-no-seat")];
  if (code === "ticket_not_found") return ["bad", say("unknown"), say("not-yours")];
  return ["warn", say("try-again"), inWords(message, code)];
}

const WHY = { not_confirmed: "conflict-no-seat", ticket_not_found: "conflict-unknown" };

// Of a ticket that was let in without a network.
export function conflict({ code, people, at, reason, first, part }) {
  const values = { ticket: sayCount("people", people, { reference: referenceOf(code) }), time: shortMoment(at) };
  if (reason !== "already_checked_in") return say(WHY[reason] ?? "conflict", values);
  const since = { ...values, first: shortMoment(first) };
  return part ? say("conflict-part-in", { ...since, ...numbersOf(part) }) : say("conflict-in", since);
}
