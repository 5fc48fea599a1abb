// Whom this device has let in: without a network, still to be sent, until the service has taken it or named a conflict.
// It stands in localStorage, one item for each ticket, so that it outlives the page and two tabs lose nothing.

import { Refused } from "./api.js";
import { checkIn, undo } from "./check_ins.js";
import { eventId } from "./head.js";
import { referenceOf } from "./ticket_codes.js";
import { oneAtATime } from "./timer.js";

class Shelf {
  #prefix;

  constructor(name) {
    this.#prefix = `check-in/${eventId}/${name}/`;
  }

  get(code) {
    return JSON.parse(localStorage.getItem(this.#prefix + code));
  }

  put(code, value) {
    localStorage.setItem(this.#prefix + code, JSON.stringify(value));
  }

  remove(code) {
    localStorage.removeItem(this.#prefix + code);
  }

  codes() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.#prefix));
    return keys.map((key) => key.slice(this.#prefix.length));
  }
}

// No answer, or one that says nothing about the ticket.
export const unreachable = (trouble) => !(trouble instanceof Refused) || trouble.status >= 500;

// `told.sent(guest)` and `told.conflict()` hear what becomes of each.
export class OfflineQueue {
  #list;
  #told;
  #waiting = new Shelf("waiting"); // code: when it was let in
  #inside = new Shelf("inside"); // the same, known to the service, until the list says so too
  #conflicts = new Shelf("conflicts"); // code: { at, reason, first }

  constructor(list, told) {
    [this.#list, this.#told] = [list, told];
  }

  get waiting() {
    return this.#waiting.codes().length;
  }

  get conflicts() {
    return this.#conflicts.codes().map((code) => ({ code, ...this.#conflicts.get(code) }));
  }

  settle(code) {
    this.#conflicts.remove(code);
  }

  // When this device has let the ticket in without telling the service yet; null if it has not.
  waitsSince(code) {
    return this.#waiting.get(code);
  }

  enteredOnline(code, at) {
    this.#inside.put(code, at);
  }

  // Takes back what is not sent yet; false if it is.
  withdraw(code) {
    const waits = this.#waiting.get(code) !== null;
    this.#waiting.remove(code);
    return waits;
  }

  undone(reference) {
    for (const code of this.#inside.codes()) {
      if (referenceOf(code) === reference) this.#inside.remove(code);
    }
  }

  // Lets the ticket in by the list. Returns "admitted", or why not: "inside", "unknown", "no list".
  async admit(code, at) {
    const left = await this.#list.left(code);
    if (left === null) return "no list";
    if (left === undefined) return "unknown";
    if (left < 1 || this.#waiting.get(code) || this.#inside.get(code)) return "inside";
    this.#waiting.put(code, at);
    return "admitted";
  }

  // What a fresh list knows by itself is known twice.
  tidy() {
    for (const code of this.#inside.codes()) {
      if (this.#inside.get(code) < this.#list.readAt) this.#inside.remove(code);
    }
  }

  // Tells the service of all that wait, until it cannot be reached. Throws what is wrong with the device's token.
  send = oneAtATime(async () => {
    for (const code of this.#waiting.codes()) {
      const at = this.#waiting.get(code);
      if (at && !(await this.#sendOne(code, at))) return;
    }
  });

  async #sendOne(code, at) {
    try {
      const guest = await checkIn({ code, checked_in_at: at });
      // Taken back while it was under way.
      if (!this.withdraw(code)) return Boolean(await undo(guest.reference));
      this.#inside.put(code, at);
      this.#told.sent(guest);
    } catch (trouble) {
      if (unreachable(trouble) || trouble.status === 429) return false;
      if (trouble.status !== 404 && trouble.status !== 409) throw trouble;
      this.#conflicts.put(code, { at, reason: trouble.code, first: trouble.errors.checked_in_at?.[0] });
      this.#waiting.remove(code);
      this.#told.conflict();
    }
    return true;
  }
}
