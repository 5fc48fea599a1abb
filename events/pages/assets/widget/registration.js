// One event's registration: reads the event, shows what can be done now, sends, and follows the ticket.

import { jittered, onReturn } from "../clock.js";
import { oneAtATime, Timer } from "../timer.js";
import { el, isolated, link } from "./dom.js";
import { Follower } from "./follow.js";
import { Form } from "./form.js";
import { Sender } from "./sender.js";
import { backoff } from "./service.js";
import { headline, ticketParts } from "./ticket_view.js";

const LOOK_AGAIN_MS = 30000;
const SAY_AGAIN_MS = 20000;

export class Registration {
  #form = null;
  #sender;
  #follower = null;
  #failures = 0;
  #shown = "";
  #said = 0;
  #start = 0;
  #another = false; // whether the form is wanted, beside a ticket
  #told = "";
  #parts = {};
  #look = new Timer(() => this.#load());
  #tick = new Timer(() => this.#paintTime());

  // `root` is what it is shown in; `emit(name, detail)` tells the page.
  constructor({ root, service, event, words, memory, emit }) {
    Object.assign(this, { root, service, id: event, words, memory, emit });
    const title = el("h2", { tabindex: "-1" });
    const [when, trouble, body] = [el("p", { class: "quiet" }), el("p", { class: "note", hidden: true }), el("div")];
    this.#parts = { title, when, trouble, body, live: el("p", { class: "sr", role: "status" }) };
    this.card = el("section", { class: "card", lang: words.code, dir: words.direction }, title, when, trouble, this.#parts.live, body);
    root.append(this.card);
    const got = (ticket) => this.#got(ticket);
    this.#sender = new Sender({ service, event, words, memory, got, refused: () => this.#load() });
  }

  start() {
    if (!(this.id > 0)) return this.#missing();
    this.#load();
    onReturn(() => {
      if (!this.stopped) [this.#load(), this.#follower?.look()];
    });
  }

  stop() {
    this.stopped = true;
    for (const running of [this.#look, this.#tick, this.#sender, this.#follower]) running?.stop();
  }

  get #eventPage() {
    return this.service.url(`/e/${this.id}?language=${this.words.code}`);
  }

  #load = oneAtATime(async () => {
    try {
      const { data } = await this.service.ask("GET", `/events/${this.id}`);
      if (this.stopped) return;
      this.#failures = 0;
      this.#trouble(false);
      this.event = data;
      this.memory.know(data.end_time, this.service.now());
      this.#show();
      this.#look.set(jittered(LOOK_AGAIN_MS));
    } catch (refused) {
      if (this.stopped) return;
      if (refused.status === 404) return this.#missing();
      this.#failures += 1;
      if (!this.event && this.#failures === 1 && refused.status === 0) this.service.explain();
      this.#trouble(true);
      this.#look.set(backoff(this.#failures, refused.seconds));
    }
  });

  #missing() {
    this.#parts.trouble.textContent = this.words.refusal("event_not_found");
    this.#parts.trouble.hidden = false;
  }

  #trouble(there) {
    const known = this.event && this.words.say("offline-here");
    const away = [this.words.say("unreachable"), " ", link(this.#eventPage, this.words.say("own-page"))];
    this.#parts.trouble.hidden = !there;
    if (there) this.#parts.trouble.replaceChildren(...(known ? [known] : away));
  }

  // What can be done now

  #show() {
    this.#parts.title.replaceChildren(isolated(this.event.name));
    this.#parts.when.textContent = this.words.moment(this.event.start_time);
    const [ticket] = this.memory.tickets;
    if (ticket && !this.#another) return this.#follow(ticket);
    const { registration_state: state, access, has_codes: codes } = this.event;
    const early = state === "upcoming" && (access === "code" || codes);
    if (early || ["open", "waitlist"].includes(state) || this.memory.sending) this.#showForm();
    else this.#showState(state);
  }

  #showForm() {
    if (this.#shown === "form") return this.#form.update(this.event);
    this.#form = new Form(this.words, this.event, (values) => this.#sender.submit(values));
    this.#put("form", "", [this.#form.element, this.#earlier()]);
    this.#sender.resume(this.#form);
  }

  // The tickets that were got here for others.
  #earlier() {
    const items = this.memory.tickets.map((ticket) => el("li", {}, this.#ticketLink(ticket, referenceOf(ticket))));
    return items.length > 0 && el("div", { class: "earlier" }, el("p", { class: "label" }, this.words.say("your-tickets")), el("ul", {}, items));
  }

  #showState(state) {
    const say = (code) => el("p", { class: "quiet" }, this.words.say(code));
    if (state !== "upcoming") return this.#put(state, this.words.say(`state-${state}`), [say(`about-${state}`), this.#earlier()]);
    const end = this.event.registration_opens_at;
    const count = el("p", { class: "big", role: "timer", "aria-live": "off", "data-is": "left", "data-end": end });
    this.#put(`upcoming ${end}`, this.words.say("state-upcoming"), [count, el("p", { class: "quiet" }, this.words.moment(end)), say("about-upcoming")]);
  }

  // Shows other parts, unless they are shown already. `key` tells them apart.
  #put(key, head, parts) {
    if (this.#shown === key) return;
    const hadFocus = this.root.activeElement !== null;
    this.#shown = key;
    const heading = head && el("h3", { tabindex: "-1" }, head);
    this.#parts.body.replaceChildren(...[heading, ...parts].filter(Boolean));
    if (head) this.#parts.live.textContent = head;
    if (hadFocus) (heading || this.#parts.title).focus();
    this.#paintTime();
  }

  #part(name) {
    return this.#parts.body.querySelector(`[data-is=${name}]`);
  }

  #paintTime() {
    const part = this.#part("left");
    if (!part || this.stopped) return this.#tick.stop();
    const left = Date.parse(part.dataset.end) - this.service.now();
    part.textContent = this.words.countdown(left);
    if (left > 0) return this.#tick.set(Math.max(10, left % 1000 || 1000));
    if (this.#follower) return this.#follower.look();
    // The answer may be from just before the opening: it opens here without one.
    this.event.registration_state = "open";
    this.#show();
    this.#look.set(jittered(1500));
  }

  // The ticket

  #got(ticket) {
    this.#another = false;
    this.memory.know(this.event.end_time, this.service.now());
    this.emit("registered", { event: this.id, reference: referenceOf(ticket) });
    if (!this.stopped) this.#follow(ticket);
  }

  #follow(ticket) {
    if (this.#follower?.ticket === ticket) return;
    this.#follower?.stop();
    this.#start = 0;
    this.#put("moment", "", [el("p", { class: "quiet" }, this.words.say("moment"))]);
    const told = (found) => this.#take(ticket, found);
    const gone = () => this.#leave(ticket);
    this.#follower = new Follower(this.service, ticket, { told, trouble: (there) => this.#trouble(there), gone });
    this.#follower.ticket = ticket;
    this.#follower.start();
  }

  // Back to the form. The tickets that stay in this browser are listed below it.
  #leave(ticket, { forget = true } = {}) {
    if (forget) this.memory.forget(ticket);
    this.#another = true;
    this.#follower?.stop();
    this.#follower = null;
    this.#show();
    this.#load();
  }

  #take(id, ticket) {
    if (this.stopped) return;
    const page = el("p", {}, this.#ticketLink(id, this.words.say("open-ticket")));
    const act = {
      take: () => this.#confirm(id),
      again: () => this.#leave(id),
      another: () => this.#leave(id, { forget: false }),
    };
    const head = headline(this.words, ticket);
    const key = ["ticket", id, ticket.status, ticket.reason, ticket.expires_at, ticket.confirmed_by].join(" ");
    if (this.#shown !== key) this.#put(key, head, ticketParts(this.words, this.event, ticket, { act, page }));
    this.#move(ticket);
    this.#tell(ticket);
  }

  #move({ position, estimated_seconds: seconds, unlikely }) {
    const [place, line, wait, note] = ["position", "line", "wait", "unlikely"].map((name) => this.#part(name));
    if (!place || position === null) return;
    place.textContent = this.words.number(position);
    this.#start = Math.max(this.#start, position);
    if (line) [line.max, line.value] = [this.#start, this.#start - position + 1];
    if (wait && seconds !== undefined) wait.textContent = this.words.say("expected-wait", { time: this.words.wait(seconds) });
    if (note) note.hidden = !unlikely;
    // A screen reader hears the position now and then, not with every step.
    if (!line || performance.now() - this.#said < SAY_AGAIN_MS) return;
    this.#said = performance.now();
    this.#parts.live.textContent = this.words.say("number-in-line", { position: this.words.number(position) });
  }

  // The page around is told each status and position once, and never the ticket's id, which is its key.
  #tell({ reference, status, reason, position }) {
    const detail = { event: this.id, reference, status, reason, position };
    if (this.#told === JSON.stringify(detail)) return;
    this.#told = JSON.stringify(detail);
    this.emit("status", detail);
  }

  async #confirm(ticket) {
    const headers = { "Content-Type": "application/json" };
    try {
      await this.service.ask("POST", `/registrations/${ticket}/confirm`, { body: "{}", headers });
    } catch (refused) {
      if (refused.status === 0 || refused.status >= 500) this.#trouble(true);
    }
    this.#follower?.look();
  }

  #ticketLink(ticket, text) {
    return link(this.service.url(`/t/${ticket}?language=${this.words.code}`), text);
  }
}

// The part of a ticket's id that names it and opens nothing.
function referenceOf(ticket) {
  return ticket.slice(0, ticket.indexOf("-") + 9);
}
