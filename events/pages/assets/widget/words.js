// The widget's language: what it says, and how it writes numbers, dates and lengths of time. TEXTS has, for each
// language, its direction and its texts by list and code (events/pages/widget_texts.py).

import { TEXTS } from "./texts.js";

const LAST_NUMBER = /\d[\d,]*(?=\D*$)/;

function known(tag) {
  for (let parts = tag.toLowerCase().split("-"); parts.length; parts.pop()) {
    if (TEXTS[parts.join("-")]) return parts.join("-");
  }
  return null;
}

// The language that was asked for, else that of the page around, else the browser's, else English.
export function chosenLanguage(asked, page) {
  return [asked, page, ...navigator.languages].map((tag) => tag && known(tag)).find(Boolean) ?? "en";
}

export class Words {
  constructor(code) {
    this.code = code;
    this.direction = TEXTS[code].direction;
    this.locale = navigator.languages.find((tag) => tag.split("-")[0] === code) ?? code;
  }

  // Undefined for a code that there is no text for.
  label(list, code) {
    return TEXTS[this.code][list][code];
  }

  say(code, values = {}) {
    return (this.label("texts", code) ?? code).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  }

  // The same in the form for a number.
  sayCount(code, count) {
    const form = new Intl.PluralRules(this.code).select(count);
    const found = this.label("texts", `${code}.${form}`) === undefined ? "other" : form;
    return this.say(`${code}.${found}`, { count: this.number(count) });
  }

  // What went wrong, by its code.
  refusal(code) {
    return this.label("messages", code) ?? this.label("messages", "internal_error");
  }

  // What the service says of a field, in English.
  fieldError(sentence) {
    const text = this.label("errors", sentence.replace(LAST_NUMBER, "{number}"));
    return text === undefined ? sentence : text.replace("{number}", sentence.match(LAST_NUMBER)?.[0] ?? "");
  }

  number(value) {
    return value.toLocaleString(this.locale);
  }

  // "2 days"; `unit` as Intl names it.
  length(count, unit) {
    return new Intl.NumberFormat(this.locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
  }

  // A moment in the visitor's own time zone.
  moment(text) {
    const day = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
    const hour = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
    return new Intl.DateTimeFormat(this.locale, { ...day, ...hour }).format(new Date(text));
  }

  wait(seconds) {
    if (seconds < 1.5) return this.say("wait-second");
    const soon = seconds < 90;
    const time = this.length(Math.round(soon ? seconds : seconds / 60), soon ? "second" : "minute");
    return this.say("wait-about", { time });
  }

  countdown(milliseconds) {
    const left = Math.max(0, Math.ceil(milliseconds / 1000));
    const [days, hours, minutes] = [Math.floor(left / 86400), Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60];
    const clock = [hours, minutes, left % 60].map((part) => String(part).padStart(2, "0")).join(":");
    return days ? `${this.length(days, "day")} ${clock}` : clock;
  }
}
