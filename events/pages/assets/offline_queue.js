// Whom this device has let in: without a network, still to be sent, until the service has taken it or named a conflict.

import { Refused } from "./api.js";
import { checkIn, undo } from "./check_ins.js";
import { eventId } from "./head.js";
import { Shelf } from "./shelf.js";
import { referenceOf } from "./ticket_codes.js";
import { oneAtATime } from "./timer.js";

// No answer, or one that says nothing about the ticket.
export const unreachable = (trouble) => !(trouble instanceof Refused) || trouble.status >= 500;

// Whether it is the service's word on the ticket. Throws what is wrong with the device's token.
function isVerdict(trouble) {
  if (unreachable(trouble) || trouble.status === 429) return false;
  if (trouble.status !== 404 && trouble.status !== 409) throw trouble;
  return true;
}

// `told.sent(guest)` and `told.conflict()` hear what becomes of each.
export class OfflineQueue {
  #list;
  #told;
  #waiting = new Shelf(eventId, "waiting"); // code: when it was let in
  #withdrawn = new Shelf(eventId, "withdrawn"); // the same, taken back here; the service may have it all the same
  #inside = new Shelf(eventId, "inside"); // reference: when, known to the service, until the list says so too
  #conflicts = new Shelf(eventId, "conflicts"); // code: { at, reason, first }

  constructor(list, told) {
    [this.#list, this.#told] = [list, told];
  }

  get waiting() {
    return this.#waiting.keys().length;
  }

  get conflicts() {
    return this.#conflicts.keys().map((code) => ({ code, ...this.#conflicts.get(code) }));
  }

  settle(code) {
    this.#conflicts.remove(code);
  }

  // When this device has let the ticket in without telling the service yet; null if it has not.
  waitsSince(code) {
    return this.#waiting.get(code);
  }

  enteredOnline(reference, at) {
    this.#inside.put(reference, at);
  }

  // Takes back what is not sent yet; false if it is. Its request may be under way, or only its answer lost.
  withdraw(code) {
    const at = this.#waiting.get(code);
    if (at) this.#withdrawn.put(code, at);
    this.#waiting.remove(code);
    return at !== null;
  }

  // Whether the service may still have in what was taken back here.
  isWithdrawn(code) {
    return this.#withdrawn.get(code) !== null;
  }

  undone(reference) {
    this.#inside.remove(reference);
  }

  // Lets the ticket in by the list. Returns "admitted", or why not: "inside", "unknown", "no list".
  async admit(code, at) {
    const left = await this.#list.left(code);
    if (left === null) return "no list";
    if (left === undefined) return "unknown";
    if (left < 1 || this.#waiting.get(code) || this.#inside.get(referenceOf(code))) return "inside";
    this.#waiting.put(code, at);
    return "admitted";
  }

  // What a fresh list knows by itself is known twice.
  tidy() {
    for (const reference of this.#inside.keys()) {
      if (this.#inside.get(reference) < this.#list.readAt) this.#inside.remove(reference);
    }
  }

  // Tells the service of all that wait, until it cannot be reached. Throws what is wrong with the device's token.
  send = oneAtATime(async () => {
    for (const code of this.#withdrawn.keys()) if (!(await this.#takeBack(code))) return;
    for (const code of this.#waiting.keys()) if (!(await this.#sendOne(code))) return;
  });

  // Both are false if the service has not said what becomes of the ticket.
  async #sendOne(code) {
    const at = this.#waiting.get(code);
    if (!at) return true;
    try {
      const guest = await checkIn({ code, checked_in_at: at });
      // Taken back while it was under way.
      if (!this.#waiting.get(code)) return this.#takeBack(code);
      this.#waiting.remove(code);
      this.#inside.put(guest.reference, at);
      this.#told.sent(guest);
    } catch (trouble) {
      if (!isVerdict(trouble)) return false;
      if (!this.#waiting.get(code)) return this.#takeBack(code);
      this.#conflicts.put(code, { at, reason: trouble.code, first: trouble.errors.checked_in_at?.[0] });
      this.#waiting.remove(code);
      this.#told.conflict();
    }
    return true;
  }

  async #takeBack(code) {
    const at = this.#withdrawn.get(code);
    if (!at) return true;
    try {
      // The same check-in again: one that is another device's is refused, and is not undone.
      const guest = await checkIn({ code, checked_in_at: at });
      await undo(guest.reference);
    } catch (trouble) {
      if (!isVerdict(trouble)) return false;
    }
    this.#withdrawn.remove(code);
    return true;
  }
}
