// The page's language: what scripts say in it, and how it writes numbers, dates and lengths of time.

import { label } from "./labels.js";

const page = document.documentElement.lang;

// As the browser's own region writes it, where that is of the page's language.
export const locale = navigator.languages.find((tag) => tag.split("-")[0] === page) ?? page;

// What keeps a chosen language in an address of this site: "?language=de", and empty where the browser's wish decides.
const chosen = new URLSearchParams(location.search).get("language");
export const carried = chosen ? `?language=${encodeURIComponent(chosen)}` : "";

const plurals = new Intl.PluralRules(page);

export const number = (value) => value.toLocaleString(locale);

// A text with what it names in braces put in.
export function filled(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

const LAST_NUMBER = /\d[\d,]*(?=\D*$)/;

// What the service says of a field, in English, from the page's list "errors".
export function fieldError(sentence) {
  const text = label("errors", sentence.replace(LAST_NUMBER, "{number}"));
  return text === undefined ? sentence : filled(text, { number: sentence.match(LAST_NUMBER)?.[0] });
}

// The text of a code in the page's list "texts".
export function say(code, values) {
  return filled(label("texts", code) ?? code, values);
}

// The same in the form for a number.
export function sayCount(code, count, values = {}) {
  const form = label("texts", `${code}.${plurals.select(count)}`) === undefined ? "other" : plurals.select(count);
  return say(`${code}.${form}`, { count: number(count), ...values });
}

// "2 days"; `unit` as Intl names it.
export function length(count, unit) {
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
}
