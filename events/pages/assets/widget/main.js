// `<script src="https://tickets.example/assets/widget.js" data-event="1">` on any page, also one of another origin.
//
// data-event     the event's id
// data-target    where to show it, as a selector (default: where the script stands)
// data-language  a language tag (default: the page's, else the browser's)
// data-theme     light or dark (default: what the visitor prefers)
// data-server    the service's origin (default: where the script came from)

import { css } from "./widget.css";
import { Memory } from "./memory.js";
import { Registration } from "./registration.js";
import { Service } from "./service.js";
import { chosenLanguage, Words } from "./words.js";

const TAG = "omnify-registration";
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

class Element extends HTMLElement {
  #registration = null;

  connectedCallback() {
    const { event, server, language } = this.dataset;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren();
    const page = this.closest("[lang]")?.lang;
    const emit = (name, detail) => this.dispatchEvent(new CustomEvent(`omnify:${name}`, { detail, bubbles: true, composed: true }));
    const [service, words] = [new Service(server), new Words(chosenLanguage(language, page))];
    const memory = new Memory(server, event);
    this.#registration = new Registration({ root, service, event: Number(event), words, memory, emit });
    this.#registration.start();
  }

  disconnectedCallback() {
    this.#registration.stop();
  }
}

// A sentence for who builds the page. Its visitors see what the element shows.
const tell = (sentence) => console.error(`omnify: ${sentence}`);
const isNumber = (text) => /^[1-9][0-9]*$/.test(text ?? "");

// The service's origin, which paths and links stand behind.
function originOf(text, script) {
  let found = null;
  try {
    found = new URL(text);
  } catch {
    // Said below.
  }
  if (!/^https?:$/.test(found?.protocol)) {
    tell(`data-server="${text}" is no address such as https://tickets.example. The script's own is taken.`);
    return new URL(script.src).origin;
  }
  if (found.href !== `${found.origin}/`) tell(`data-server="${text}" has more than an origin. ${found.origin} is taken: the service is at its root.`);
  return found.origin;
}

function place(script) {
  const { event, target, language, theme, server: named } = script.dataset;
  const server = named === undefined ? new URL(script.src).origin : originOf(named, script);
  if (!isNumber(event)) tell(`data-event="${event ?? ""}" is no event. It is the number in the address of the event's page, such as data-event="1".`);
  let where = null;
  try {
    where = target ? document.querySelector(target) : null;
  } catch {
    // No selector at all.
  }
  if (target && !where) tell(`data-target="${target}" is nowhere on this page. The form stands where the script does.`);
  // A registration that stands twice would be two forms for one seat.
  if ([...document.querySelectorAll(TAG)].some((one) => one.dataset.event === (event ?? "") && one.dataset.server === server)) {
    return tell(`event ${event} is on this page already, and is shown once.`);
  }
  const element = document.createElement(TAG);
  Object.assign(element.dataset, { event: event ?? "", server }, language && { language }, theme && { theme });
  if (where) where.append(element);
  else if (document.head.contains(script)) document.body.append(element);
  else script.after(element);
}

if (!customElements.get(TAG)) customElements.define(TAG, Element);
// A module has no currentScript, and runs once for all scripts with its address.
const own = document.currentScript ? [document.currentScript] : [...document.querySelectorAll("script[type=module][src*='widget.js']")];
if (own.length === 0) tell("the script of the widget is not on this page. Load it with <script src=… data-event=…>.");
const placeAll = () => own.forEach(place);
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", placeAll);
else placeAll();
