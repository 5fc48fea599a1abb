// Building the page. Everything from outside goes in as text, never as HTML.

import { carried, locale, number, say } from "./language.js";
import { inWords } from "./refusals.js";

export { number };
export const byId = (id) => document.getElementById(id);
export const decimal = (value) => value.toLocaleString(locale, { maximumFractionDigits: 1 });

// An address of the console in the page's language, if that was chosen.
export const here = (path) => path + (path.includes("?") ? carried.replace("?", "&") : carried);

// el("a", { href: "/x" }, "text", otherElement)
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// What a person typed, in a direction of its own: it turns nothing around that stands beside it.
export function person(text) {
  return el("bdi", {}, text);
}

// The same where there is no markup: between U+2068 and U+2069.
export const isolated = (text) => `\u2068${text}\u2069`;

export function row(...cells) {
  return el("tr", {}, ...cells.map((cell) => el("td", {}, cell ?? "–")));
}

export function fill(id, parts, empty) {
  const body = byId(id);
  const columns = body.closest("table")?.querySelectorAll("th").length;
  const nothing = columns ? el("tr", {}, el("td", { colspan: columns, class: "quiet" }, empty)) : el("p", { class: "quiet" }, empty);
  body.replaceChildren(...(parts.length ? parts : [nothing]));
  body.removeAttribute("aria-busy");
}

// `by` is "page" for what the page says of its own requests, and empty for what it tells a person.
export function problem(text, by = "") {
  byId("problem").textContent = text ?? "";
  byId("problem").hidden = !text;
  byId("problem").dataset.by = by;
}

export function explain(trouble, by = "") {
  problem(trouble.code ? inWords(trouble.message, trouble.code) : say("unreachable"), by);
}

// Runs `work` for a person: what goes wrong is shown at the top of the page.
export async function attempt(work) {
  problem(null);
  try {
    return await work();
  } catch (trouble) {
    explain(trouble);
    return undefined;
  }
}

// Runs `work` for the page itself, as often as it likes: it takes back what the page said of the last one, and never
// what a person was told meanwhile.
export async function refresh(work) {
  try {
    const done = await work();
    if (byId("problem").dataset.by === "page") problem(null);
    return done;
  } catch (trouble) {
    explain(trouble, "page");
    return undefined;
  }
}

// An answer's link without its host: behind a proxy the service may not know under which name it is reached.
export function pathOf(link) {
  const url = new URL(link, location);
  return url.pathname + url.search;
}

// The buttons below a list. `turn(url)` loads another page of it.
export function pager(data, turn) {
  byId("pager").hidden = data.total_pages < 2;
  byId("page").textContent = say("page-of", { number: number(data.current_page), pages: number(data.total_pages) });
  for (const [id, url] of [["previous", data.previous_page], ["next", data.next_page]]) {
    byId(id).disabled = !url;
    byId(id).onclick = () => turn(pathOf(url));
  }
}

export function chip(state, text) {
  return el("p", { class: "chip", "data-state": state }, text);
}
