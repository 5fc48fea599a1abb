// What the service says, which is English, in the language of the console: a sentence that the page knows by itself,
// any other by its code (events/console/refusals.py). In English the page knows none, and nothing is replaced.

import { label, labels } from "./labels.js";
import { filled, say } from "./language.js";

const SIGNS = /[.*+?^${}()|[\]\\]/g;
const ITEM = /^Item (\d+)(?:, (\w+))?$/;
let known = null;

// "At most {number} seats." finds "At most 4 seats." and its number.
function finder(source) {
  const parts = source.split(/\{(\w+)\}/).map((part, index) => (index % 2 ? `(?<${part}>.+)` : part.replace(SIGNS, "\\$&")));
  return new RegExp(`^${parts.join("")}$`, "s");
}

function translated(sentence) {
  known ??= labels("errors").map(([source, text]) => [finder(source), text]);
  for (const [pattern, text] of known) {
    const found = pattern.exec(sentence);
    if (found) return filled(text, found.groups);
  }
  return undefined;
}

// "Item 2, capacity", "seconds", or a code that the organizer has chosen.
function place(text) {
  const item = ITEM.exec(text);
  if (!item) return label("field-parts", text) ?? text;
  const part = item[2] && (label("field-parts", item[2]) ?? item[2]);
  return [say("item", { number: item[1] }), part].filter(Boolean).join(", ");
}

// One sentence of a refusal. Without a code, as of a field, a sentence that the page does not know stays as it is.
export function inWords(sentence, code) {
  const whole = translated(sentence);
  if (whole !== undefined) return whole;
  const colon = sentence.indexOf(": ");
  const rest = colon < 0 ? undefined : translated(sentence.slice(colon + 2));
  if (rest !== undefined) return `${place(sentence.slice(0, colon))}: ${rest}`;
  return (code && label("refusals", code)) ?? sentence;
}
