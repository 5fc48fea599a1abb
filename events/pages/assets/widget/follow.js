// Follows one ticket: by its stream, and by long polls where that breaks. `told(ticket)` hears each status and position;
// `trouble(there)` whether the service is out of reach, `gone()` that there is no such ticket.

import { jittered } from "../clock.js";
import { Timer } from "../timer.js";
import { backoff } from "./service.js";

const ENDS = ["rejected", "expired", "cancelled", "lost"];
const POLL_SECONDS = 25; // Shorter than proxies keep a silent connection.
const SETTLED_MS = 60000; // A seat may still be cancelled, and an open page shows it.
const SILENT_MS = 45000; // A stream that says nothing may be broken: the ticket is read beside it.
const STREAMS = 3; // So many break before long polls are all that is tried.

export class Follower {
  #stream = null;
  #broken = 0;
  #failures = 0;
  #asking = false;
  #tag = null;
  #last = null;
  #ended = false;
  #next = new Timer(() => this.#ask(), { whileHidden: true });

  constructor(service, ticket, { told, trouble, gone }) {
    Object.assign(this, { service, path: `/registrations/${ticket}`, told, trouble, gone });
  }

  start() {
    this.#listen();
    this.#ask();
  }

  // Reads the ticket now: the page is shown again, or something was sent.
  look() {
    if (!this.#ended) this.#next.set(0);
  }

  stop() {
    this.#ended = true;
    this.#next.stop();
    this.#close();
  }

  #listen() {
    if (this.#stream || this.#ended || this.#broken >= STREAMS || !window.EventSource) return;
    const stream = new EventSource(this.service.url(`${this.path}/events`));
    this.#stream = stream;
    stream.onmessage = ({ data }) => {
      this.#broken = 0;
      this.#take(JSON.parse(data));
    };
    stream.onerror = () => {
      this.#close();
      this.#broken += 1;
      if (!this.#ended) this.#next.set(backoff(this.#broken));
    };
  }

  #close() {
    this.#stream?.close();
    this.#stream = null;
  }

  async #ask() {
    if (this.#asking || this.#ended) return;
    this.#asking = true;
    const held = !this.#stream && this.status !== undefined && this.status !== "confirmed";
    try {
      // With the tag it is answered at once if something has changed since, and held while nothing does.
      const headers = this.#tag ? { "If-None-Match": this.#tag } : {};
      const options = { headers, patience: (POLL_SECONDS + 15) * 1000 };
      const { data, tag } = await this.service.ask("GET", this.path + (held ? `?wait=${POLL_SECONDS}` : ""), options);
      this.#failures = 0;
      this.#tag = tag;
      if (!this.#ended) this.#take(data ?? this.#last);
    } catch (refused) {
      this.#fail(refused);
    } finally {
      this.#asking = false;
    }
  }

  #fail({ status, seconds }) {
    if (this.#ended) return;
    if (status === 404) {
      this.stop();
      return this.gone();
    }
    this.#failures += 1;
    this.trouble(true);
    this.#next.set(backoff(this.#failures, seconds));
  }

  #take(ticket) {
    [this.#last, this.status] = [ticket, ticket.status];
    this.trouble(false);
    this.told(ticket);
    if (this.#ended) return;
    if (ENDS.includes(this.status)) return this.stop();
    if (this.status === "confirmed") {
      this.#close();
      return this.#next.set(jittered(SETTLED_MS));
    }
    this.#listen();
    this.#next.set(jittered(this.#stream ? SILENT_MS : 1000));
  }
}
