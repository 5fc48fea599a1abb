// What is sent: bodies, query parameters, paths and keys.

import { Ticket } from "./resources.js";
import { webCrypto } from "./web_crypto.js";

export const PAGE_SIZE = 100;

/** Makes an Idempotency-Key: 128 random bits. Browsers have `randomUUID` only on https pages. */
export async function newKey() {
  const bytes = (await webCrypto()).getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns where a ticket is. Throws TypeError, without the id in its message. */
export function ticketPath(ticket) {
  const id = typeof ticket === "string" ? ticket : ticket?.ticket_id;
  if (typeof id !== "string" || !/^[A-Za-z0-9_-]{1,200}$/.test(id)) throw new TypeError("this is not a ticket's id");
  return `/registrations/${id}`;
}

/** Returns a path of an event. */
export function eventPath(id, rest = "") {
  return `/events/${whole(id, "event")}${rest}`;
}

/** Returns a path of a webhook. */
export function webhookPath(id, rest = "") {
  return `/webhooks/${whole(id, "webhook")}${rest}`;
}

function whole(id, kind) {
  if (!/^\d{1,19}$/.test(String(id))) throw new TypeError(`this is not the id of any ${kind}`);
  return id;
}

/** Builds a request with a JSON body. */
export function withBody(method, path, body, headers = {}) {
  if (body === undefined) return { method, path, headers };
  return { method, path, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** Builds a POST that is carried out once, however often it is sent. */
export async function postOnce(path, body, given, headers = {}) {
  const key = given ?? (await newKey());
  if (typeof key !== "string" || !/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new TypeError("an idempotency key has 1 to 255 printable ASCII characters");
  }
  return withBody("POST", path, body, { ...headers, "Idempotency-Key": key });
}

/** Leaves out what is not given, and writes times as texts. */
export function params(given) {
  const there = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(there.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]));
}

/** Builds what the service answers with. */
export function ticketOf(response) {
  return new Ticket(response.data);
}
