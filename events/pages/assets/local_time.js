// <input type=datetime-local> speaks of the visitor's own time, without a zone. Twice a year that is not enough: when
// clocks are put forward some times do not exist, and when they are put back some come twice.

import { el } from "./dom.js";
import { say } from "./language.js";

const DAY_MS = 24 * 3600 * 1000;
const two = (value) => String(value).padStart(2, "0");
const offsetAt = (moment) => -new Date(moment).getTimezoneOffset() * 60000;

// The moments (milliseconds since 1970) at which the visitor's clocks show `text`, the first one first.
export function momentsOf(text) {
  const shown = Date.parse(`${text}Z`);
  const offsets = new Set([offsetAt(shown - DAY_MS), offsetAt(shown + DAY_MS)]);
  const moments = [...offsets].map((offset) => shown - offset);
  return moments.filter((moment) => moment + offsetAt(moment) === shown).sort((one, other) => one - other);
}

// What the visitor's clocks show at a moment, as the input wants it.
export function shownAt(moment) {
  const at = new Date(moment);
  const day = `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function zone(moment) {
  const minutes = Math.abs(offsetAt(moment) / 60000);
  return `UTC${offsetAt(moment) < 0 ? "−" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function skipped(text) {
  const shown = Date.parse(`${text}Z`);
  const meant = shownAt(shown - offsetAt(shown - DAY_MS)).slice(11, 16);
  return say("time-skipped", { time: meant });
}

// What the visitor entered is no moment. It looks like a refusal of the API's: forms show it where it belongs.
export class Unclear extends Error {
  constructor(errors) {
    super(say("check-times"));
    Object.assign(this, { code: "unclear", errors });
  }
}

// The moments of several inputs by name. Throws Unclear, naming every one at fault.
export function readTimes(times) {
  const [read, errors] = [{}, {}];
  for (const time of times) {
    try {
      read[time.input.name] = time.read();
    } catch (unclear) {
      Object.assign(errors, unclear.errors);
    }
  }
  if (Object.keys(errors).length) throw new Unclear(errors);
  return read;
}

// An input and, where its time comes twice, the question which of the two is meant.
export class LocalTime {
  constructor(input) {
    this.input = input;
    this.which = el("select", { "aria-label": say("which-of-two"), hidden: "", class: "which" });
    input.after(this.which);
    input.addEventListener("input", () => this.#ask());
  }

  show(moment) {
    this.input.value = shownAt(moment);
    this.#ask();
    if (!this.which.hidden) this.which.value = String(Math.floor(moment / 1000) * 1000);
  }

  // The moment as the API wants it, empty for an empty input. Throws Unclear.
  read() {
    const text = this.input.value;
    // Half of a time is an empty value too.
    if (this.input.validity.badInput) throw this.#unclear(say("time-half"));
    if (!text) return "";
    if (Number.isNaN(Date.parse(`${text}Z`))) throw this.#unclear(say("time-year"));
    const moments = momentsOf(text);
    if (!moments.length) throw this.#unclear(skipped(text));
    if (moments.length === 1) return new Date(moments[0]).toISOString();
    this.#ask();
    if (!this.which.value) throw this.#unclear(say("time-twice"));
    return new Date(Number(this.which.value)).toISOString();
  }

  #unclear(sentence) {
    return new Unclear({ [this.input.name]: [sentence] });
  }

  #ask() {
    const found = this.input.value ? momentsOf(this.input.value) : [];
    const moments = found.length > 1 ? found : [];
    this.which.hidden = !moments.length;
    const known = [...this.which.options].slice(1).map(({ value }) => Number(value));
    if (String(known) === String(moments)) return;
    const options = moments.map((moment, index) => el("option", { value: moment }, say(index ? "the-second" : "the-first", { zone: zone(moment) })));
    this.which.replaceChildren(el("option", { value: "" }, say("which")), ...options);
  }
}
