// The client. Its methods are documented in index.d.ts.

import { PAGE_SIZE, eventPath, params, postOnce, ticketOf, ticketPath, webhookPath, withBody } from "./calls.js";
import { NotFound } from "./errors.js";
import { follow } from "./following.js";
import { Attendee, LogEntry, Subscription } from "./resources.js";
import { Transport } from "./transport.js";

export class Omnify {
  #transport;

  constructor(url, options = {}) {
    this.#transport = new Transport(url, options);
  }

  // For guests

  async register(eventId, { name, email, idempotencyKey, receipt, signal, ...rest }) {
    const body = { name, email, ...named(rest) };
    const headers = receipt ? { Prefer: "receipt" } : {};
    const request = await postOnce(eventPath(eventId, "/register"), body, idempotencyKey, headers);
    return ticketOf(await this.#transport.call(request, signal));
  }

  async ticket(ticket, { signal } = {}) {
    return ticketOf(await this.#transport.call({ method: "GET", path: ticketPath(ticket) }, signal));
  }

  follow(ticket, options = {}) {
    return follow(this.#transport, ticketPath(ticket), options);
  }

  async wait(ticket, { final = false, ...options } = {}) {
    let last = null;
    for await (const one of this.follow(ticket, options)) {
      last = one;
      if (one.final || (one.decided && !final)) break;
    }
    return last;
  }

  async cancel(ticket, { signal } = {}) {
    return ticketOf(await this.#transport.call({ method: "DELETE", path: ticketPath(ticket) }, signal));
  }

  async confirm(ticket, { paymentReference, token, signal } = {}) {
    const body = { payment_reference: paymentReference, token };
    return ticketOf(await this.#transport.call(withBody("POST", `${ticketPath(ticket)}/confirm`, body), signal));
  }

  async resend(eventId, { email, signal }) {
    await this.#transport.call(withBody("POST", eventPath(eventId, "/resend"), { email }), signal);
  }

  async proof(ticket, { signal } = {}) {
    return (await this.#transport.call({ method: "GET", path: `${ticketPath(ticket)}/proof` }, signal)).data;
  }

  events({ state, search, past, mine, signal } = {}) {
    return this.#pages("/events", { state, search, past, mine }, (event) => event, signal);
  }

  async event(eventId, { signal } = {}) {
    return (await this.#transport.call({ method: "GET", path: eventPath(eventId) }, signal)).data;
  }

  // For organizers

  async createEvent(fields, { idempotencyKey, signal } = {}) {
    return (await this.#transport.call(await postOnce("/events", fields, idempotencyKey), signal)).data;
  }

  async updateEvent(eventId, fields, { signal } = {}) {
    return (await this.#transport.call(withBody("PATCH", eventPath(eventId), fields), signal)).data;
  }

  async cancelEvent(eventId, { idempotencyKey, signal } = {}) {
    const request = await postOnce(eventPath(eventId, "/cancel"), undefined, idempotencyKey);
    return (await this.#transport.call(request, signal)).data;
  }

  attendees(eventId, { search, status, checkedIn, signal } = {}) {
    const narrowed = { search, status, checked_in: checkedIn };
    return this.#pages(eventPath(eventId, "/attendees"), narrowed, (one) => new Attendee(one), signal);
  }

  async stats(eventId, { signal } = {}) {
    return (await this.#transport.call({ method: "GET", path: eventPath(eventId, "/stats") }, signal)).data;
  }

  async createWebhook({ url, eventTypes, eventId = null, idempotencyKey, signal }) {
    const body = { url, event_types: eventTypes, event_id: eventId };
    return new Subscription((await this.#transport.call(await postOnce("/webhooks", body, idempotencyKey), signal)).data);
  }

  webhooks({ signal } = {}) {
    return this.#pages("/webhooks", {}, (one) => new Subscription(one), signal);
  }

  async rotateWebhookSecret(webhookId, { idempotencyKey, signal } = {}) {
    const request = await postOnce(webhookPath(webhookId, "/rotate-secret"), undefined, idempotencyKey);
    return new Subscription((await this.#transport.call(request, signal)).data);
  }

  async deleteWebhook(webhookId, { signal } = {}) {
    try {
      await this.#transport.call({ method: "DELETE", path: webhookPath(webhookId) }, signal);
    } catch (problem) {
      if (!(problem instanceof NotFound)) throw problem; // gone already: a retry may have been the second
    }
  }

  async *log({ since, after, signal } = {}) {
    for (let query = params({ since, after }); ; ) {
      const { data } = await this.#transport.call({ method: "GET", path: "/log", params: query }, signal);
      const entries = resultsOf(data);
      for (const entry of entries) yield new LogEntry(entry);
      if (!entries.length || data?.has_more === false) return;
      query = params({ after: entries.at(-1).id });
    }
  }

  async *#pages(path, narrowed, make, signal) {
    for (let page = 1; ; page += 1) {
      const request = { method: "GET", path, params: params({ page, page_size: PAGE_SIZE, ...narrowed }) };
      let data;
      try {
        ({ data } = await this.#transport.call(request, signal));
      } catch (problem) {
        if (page > 1 && problem instanceof NotFound) return; // the list has become shorter
        throw problem;
      }
      for (const one of resultsOf(data)) yield make(one);
      if (page >= (data?.total_pages ?? 0)) return;
    }
  }
}

/** Names options as the API does. */
function named({ ticketType, quantity, code, language, callbackUrl }) {
  return { ticket_type: ticketType, quantity, code, language, callback_url: callbackUrl };
}

function resultsOf(data) {
  const found = Array.isArray(data) ? data : data?.results;
  return Array.isArray(found) ? found : [];
}
