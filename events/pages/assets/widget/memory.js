// What this browser keeps of one event, for the page's origin alone: one item, `omnify <server> <event>`.
//
// tickets    the ids of the tickets that were got here, the newest first
// ends       when the event ends: the item is forgotten then
// sending    a registration that has no answer yet: { key, body, at }. It is sent again after a reload with the same key,
//            so it is the same registration; its name and e-mail are forgotten with its answer

export class Memory {
  #name;
  #kept;

  constructor(server, event) {
    this.#name = `omnify ${server} ${event}`;
    this.#kept = { tickets: [] };
    try {
      Object.assign(this.#kept, JSON.parse(localStorage.getItem(this.#name)));
    } catch {
      // Switched off, or not ours: then nothing outlives the page.
    }
    if (!Array.isArray(this.#kept.tickets)) this.#kept.tickets = [];
  }

  get tickets() {
    return this.#kept.tickets;
  }

  get sending() {
    return this.#kept.sending;
  }

  send(sending) {
    this.#keep({ sending });
  }

  // The answer is there: a ticket, or null.
  got(ticket) {
    const tickets = ticket === null ? this.tickets : [ticket, ...this.tickets.filter((one) => one !== ticket)];
    this.#keep({ sending: undefined, tickets });
  }

  forget(ticket) {
    this.#keep({ tickets: this.tickets.filter((one) => one !== ticket) });
  }

  // Forgets all if the event is over by the server's clock.
  know(ends, now) {
    if (Date.parse(ends) <= now) this.#keep({ tickets: [], sending: undefined });
    else if (this.tickets.length || this.sending) this.#keep({ ends });
  }

  #keep(changes) {
    Object.assign(this.#kept, changes);
    try {
      if (this.tickets.length || this.sending) localStorage.setItem(this.#name, JSON.stringify(this.#kept));
      else localStorage.removeItem(this.#name);
    } catch {
      // Full, or switched off.
    }
  }
}
