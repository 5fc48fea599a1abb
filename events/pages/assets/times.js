// Moments in the visitor's own time zone and the page's language. Without this, pages show them in UTC, or in
// the venue's time zone.

import { length, locale } from "./language.js";

const DAY = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const HOUR = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
const span = new Intl.DateTimeFormat(locale, { ...DAY, ...HOUR });
const short = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });

// A span over a change of clocks says its zone at both ends: a browser would name one, and show two times as one.
export function localSpan(from, until) {
  const [first, last] = [new Date(from), new Date(until)];
  if (first.getTimezoneOffset() === last.getTimezoneOffset()) return span.formatRange(first, last);
  return `${span.format(first)} – ${span.format(last)}`;
}

export function shortMoment(text) {
  return text ? short.format(new Date(text)) : "";
}

// A moment of these days, to the second.
export function clockTime(text) {
  return text ? exact.format(new Date(text)) : "";
}

// Whether clocks in a zone show these times as the visitor's do. A zone that this browser does not know counts as another.
function isLocal(zone, ...times) {
  try {
    const there = new Intl.DateTimeFormat("en", { dateStyle: "short", timeStyle: "medium", timeZone: zone });
    const here = new Intl.DateTimeFormat("en", { dateStyle: "short", timeStyle: "medium" });
    return times.every((time) => there.format(time) === here.format(time));
  } catch {
    return false;
  }
}

// Every <time> below `root`: those of class "span" have an end too. Where the venue's zone is another one, the page has
// written its time, and the visitor's comes beside it.
export function localTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]:not(.local)")) {
    const from = new Date(time.dateTime);
    const text = time.dataset.end ? localSpan(from, time.dataset.end) : span.format(from);
    const { zone } = time.dataset;
    if (zone && !isLocal(zone, from, new Date(time.dataset.end))) beside(time, text);
    else time.textContent = text;
    time.title = from.toISOString().replace("T", " ").slice(0, 16) + " UTC";
  }
}

function beside(time, text) {
  if (time.nextElementSibling?.matches(".local")) return;
  const local = Object.assign(document.createElement("time"), { className: "quiet small local", textContent: text });
  local.dateTime = time.dateTime;
  time.after(local);
}

export function countdown(milliseconds) {
  const left = Math.max(0, Math.ceil(milliseconds / 1000));
  const [days, hours, minutes] = [Math.floor(left / 86400), Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  const clock = `${two(hours)}:${two(minutes)}:${two(left % 60)}`;
  return days ? `${length(days, "day")} ${clock}` : clock;
}
