// Whom this device has let in: without a network, still to be sent, until the service has taken it or named a conflict.

import { Refused } from "./api.js";
import { partOf } from "./check_in_texts.js";
import { checkIn, sentWith, undo } from "./check_ins.js";
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

// A group may come in parts, so what stands on a shelf is named by its ticket and by the stamp of the check-in.
const nameOf = (ticket, { at, id = "" }) => `${ticket} ${at} ${id}`.trimEnd();

function read(name) {
  const [ticket, at, id] = name.split(" ");
  return [ticket, { at, id }];
}

const namesOf = (shelf, ticket) => shelf.keys().filter((name) => name.startsWith(`${ticket} `));
const count = (shelf, ticket) => namesOf(shelf, ticket).reduce((sum, name) => sum + shelf.get(name), 0);

// `told.sent(guest)` and `told.conflict()` hear what becomes of each.
export class OfflineQueue {
  #list;
  #told;
  #waiting = new Shelf(eventId, "waiting"); // code and stamp: how many were let in
  #withdrawn = new Shelf(eventId, "withdrawn"); // the same, taken back here; the service may have it all the same
  #inside = new Shelf(eventId, "inside"); // reference and stamp: how many, known to the service, until the list says so
  #conflicts = new Shelf(eventId, "conflicts"); // code and stamp: { people, reason, first, part }

  constructor(list, told) {
    [this.#list, this.#told] = [list, told];
  }

  get waiting() {
    return this.#waiting.keys().length;
  }

  get conflicts() {
    return this.#conflicts.keys().map((name) => {
      const [code, stamp] = read(name);
      return { code, ...stamp, ...this.#conflicts.get(name) };
    });
  }

  settle({ code, at, id }) {
    this.#conflicts.remove(nameOf(code, { at, id }));
  }

  // When this device has let the ticket in without telling the service yet; undefined if it has not.
  waitsSince(code) {
    return namesOf(this.#waiting, code)[0]?.split(" ")[1];
  }

  enteredOnline(reference, stamp, people) {
    this.#inside.put(nameOf(reference, stamp), people);
  }

  // Takes back what is not sent yet; false if it is. Its request may be under way, or only its answer lost.
  withdraw(code, stamp) {
    const name = nameOf(code, stamp);
    const people = this.#waiting.get(name);
    if (people !== null) this.#withdrawn.put(name, people);
    this.#waiting.remove(name);
    return people !== null;
  }

  // Whether the service has still to hear of it, or may still have in what was taken back here.
  isOpen(code) {
    return [this.#waiting, this.#withdrawn].some((shelf) => namesOf(shelf, code).length);
  }

  // With a stamp, only what came in under it.
  undone(reference, stamp) {
    for (const name of stamp ? [nameOf(reference, stamp)] : namesOf(this.#inside, reference)) this.#inside.remove(name);
  }

  // Lets the ticket in by the list: so many, or all who are left. Returns "admitted", or why not: "inside", "too-many",
  // "unknown", "no-list"; then how many are admitted, or left.
  async admit(code, stamp, people) {
    const listed = await this.#list.left(code);
    if (listed === null) return ["no-list", 0];
    if (listed === undefined) return ["unknown", 0];
    const left = listed - count(this.#waiting, code) - count(this.#inside, referenceOf(code));
    if (left < 1) return ["inside", 0];
    if (people > left) return ["too-many", left];
    this.#waiting.put(nameOf(code, stamp), people ?? left);
    return ["admitted", people ?? left];
  }

  // What a fresh list knows by itself is known twice.
  tidy() {
    for (const name of this.#inside.keys()) {
      if (name.split(" ")[1] < this.#list.readAt) this.#inside.remove(name);
    }
  }

  // Tells the service of all that wait, until it cannot be reached. Throws what is wrong with the device's token.
  send = oneAtATime(async () => {
    for (const name of this.#withdrawn.keys()) if (!(await this.#takeBack(name))) return;
    for (const name of this.#waiting.keys()) if (!(await this.#sendOne(name))) return;
  });

  // Both are false if the service has not said what becomes of the ticket.
  async #sendOne(name) {
    const people = this.#waiting.get(name);
    if (people === null) return true;
    const [code, stamp] = read(name);
    try {
      const guest = await checkIn({ code, quantity: people, ...sentWith(stamp) });
      // Taken back while it was under way.
      if (this.#waiting.get(name) === null) return this.#takeBack(name);
      this.#waiting.remove(name);
      this.#inside.put(nameOf(guest.reference, stamp), people);
      this.#told.sent(guest);
    } catch (trouble) {
      if (!isVerdict(trouble)) return false;
      if (this.#waiting.get(name) === null) return this.#takeBack(name);
      this.#conflicts.put(name, { people, reason: trouble.code, first: trouble.errors.checked_in_at?.[0], part: partOf(trouble) });
      this.#waiting.remove(name);
      this.#told.conflict();
    }
    return true;
  }

  async #takeBack(name) {
    if (this.#withdrawn.get(name) === null) return true;
    const [code, stamp] = read(name);
    try {
      // Only what came in under this stamp: another device's check-in stays.
      await undo(referenceOf(code), stamp);
    } catch (trouble) {
      if (!isVerdict(trouble)) return false;
    }
    this.#withdrawn.remove(name);
    return true;
  }
}
