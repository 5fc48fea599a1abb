// Sends a registration until it has an answer. The same details are sent with the same key, also after a reload, so they
// are the same registration however often they are sent.

import { Timer } from "../timer.js";
import { el } from "./dom.js";
import { backoff } from "./service.js";

const FRESH_MS = 600000; // What a visitor sent longer ago is shown to them, and not sent without a click.
const PASSES = ["registration_not_open", "registration_paused"];

export class Sender {
  #form = null;
  #failures = 0;
  #busy = false;
  #stopped = false;
  // It goes on while another tab is shown: a position in line may depend on it.
  #retry = new Timer(() => this.#post(), { whileHidden: true });

  // `got(ticket)` hears of the ticket's id, `refused()` that the event may have changed.
  constructor({ service, event, words, memory, got, refused }) {
    Object.assign(this, { service, path: `/events/${event}/register`, words, memory, got, refused });
  }

  // Shows in this form what is being sent, and sends on what an earlier page has not finished.
  resume(form) {
    this.#form = form;
    const { sending } = this.memory;
    if (!sending) return;
    form.fill(JSON.parse(sending.body));
    if (Date.now() - sending.at < FRESH_MS) this.#post();
  }

  submit(values) {
    const body = JSON.stringify(values);
    const known = this.memory.sending;
    const key = known?.body === body ? known.key : newKey();
    this.memory.send({ key, body, at: Date.now() });
    this.#form.problem("");
    this.#post();
  }

  stop() {
    this.#stopped = true;
    this.#retry.stop();
  }

  async #post() {
    const { sending } = this.memory;
    if (!sending || this.#busy || this.#stopped) return;
    this.#retry.stop();
    this.#setBusy(true);
    const headers = { "Content-Type": "application/json", "Idempotency-Key": sending.key };
    try {
      const { data } = await this.service.ask("POST", this.path, { body: sending.body, headers });
      this.#failures = 0;
      this.memory.got(data.ticket_id);
      this.got(data.ticket_id);
    } catch (problem) {
      this.#fail(problem);
    }
    this.#setBusy(false);
  }

  #setBusy(busy) {
    this.#busy = busy;
    this.#form.setBusy(busy);
  }

  #fail({ status, code, errors, seconds }) {
    if (status === 0 || status === 429 || status >= 500 || PASSES.includes(code)) {
      this.#failures += 1;
      const wait = backoff(this.#failures, seconds);
      if (!this.#stopped) this.#retry.set(wait);
      const again = this.words.say("again", { time: this.words.countdown(wait) });
      return this.#form.problem(this.words.refusal(code), [el("p", {}, again)]);
    }
    this.memory.got(null);
    this.#form.problem(this.words.refusal(code));
    const sentences = Object.entries(errors ?? {}).map(([name, all]) => [name, all.map((one) => this.words.fieldError(one)).join(" ")]);
    this.#form.showErrors(Object.fromEntries(sentences));
    if (code !== "invalid") this.refused();
  }
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
