// A guest's name, with what the ticket is for and which code it came with: nothing more for one seat of an event without
// ticket types and codes.

import { el, person } from "./dom.js";
import { say, sayCount } from "./language.js";

const names = new Map();

// Learns the names of an event's ticket types; without an event it knows none.
export function knowTypes(event) {
  for (const { id, name } of event?.ticket_types ?? []) names.set(id, name);
}

// A code is stored nowhere: it is known by its first characters and its number.
export const codeName = (hint, id) => `${hint}… (${id})`;

export function named({ name, quantity = 1, ticket_type: type, code_id: code, code_hint: hint }) {
  const several = quantity > 1 ? sayCount("seats", quantity) : "";
  const about = [several, names.get(type) ?? "", code ? say("with-code", { code: codeName(hint, code) }) : ""].filter(Boolean).join(", ");
  return about ? el("span", {}, person(name), " ", el("span", { class: "quiet small" }, person(about))) : person(name);
}
