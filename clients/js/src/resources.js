// What the service answers with. Fields are named as in the API, and fields that this release does not know are there too.
// `console.log` shows no ticket's id, check-in code, name, address or secret; `JSON.stringify` gives all of it.

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const SECRET = new Set(["ticket_id", "check_in_code", "receipt", "status_url", "name", "email", "secret", "url", "data"]);
// A ticket with one of these will not change by itself; a confirmed one can still be cancelled.
const FINAL = new Set(["confirmed", "rejected", "expired", "cancelled", "lost"]);
const KNOWN = new Set([...FINAL, "queued", "entered", "held", "waitlisted"]);

class Resource {
  constructor(data) {
    Object.assign(this, data);
  }

  [INSPECT](_depth, options, inspect) {
    const shown = Object.fromEntries(Object.entries(this).filter(([name]) => !SECRET.has(name)));
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }
}

/** A registration. `ticket_id` is the key to it; `reference` names it and opens nothing. */
export class Ticket extends Resource {
  /** Whether it has reached a status that does not change by itself. */
  get final() {
    return FINAL.has(this.status);
  }

  /** Whether the service has decided it: confirmed, held, waitlisted, entered in a draw, or refused. */
  get decided() {
    return this.status !== "queued";
  }
}

export class Attendee extends Resource {}
export class Subscription extends Resource {}
export class LogEntry extends Resource {}

/** Tells whether a status is one that this release knows. */
export const isKnown = (status) => KNOWN.has(status);
