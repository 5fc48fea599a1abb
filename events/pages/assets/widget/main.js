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

function place(script) {
  const { event, target, language, theme, server = new URL(script.src).origin } = script.dataset;
  const where = target ? document.querySelector(target) : script;
  const same = [...document.querySelectorAll(TAG)].some((one) => one.dataset.event === event && one.dataset.server === server);
  // A registration that stands twice would be two forms for one seat.
  if (same) return;
  if (!/^[1-9][0-9]*$/.test(event ?? "") || !where) return console.error("omnify:", { event, target });
  const element = document.createElement(TAG);
  Object.assign(element.dataset, { event, server }, language && { language }, theme && { theme });
  if (target) where.append(element);
  else if (document.head.contains(script)) document.body.append(element);
  else script.after(element);
}

if (!customElements.get(TAG)) customElements.define(TAG, Element);
// A module has no currentScript: then it is the one that has not been found yet.
const own = document.currentScript ?? [...document.querySelectorAll("script[data-event][src*='widget.js']")].at(-1);
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => place(own));
else place(own);
