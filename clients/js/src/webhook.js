// Verifies messages of webhooks, after the Standard Webhooks specification (standardwebhooks.com), version 1.
//
// The signed text is `<webhook-id>.<unix seconds>.<body>` with HMAC-SHA-256; a secret is `whsec_` and the key in base64.
// While a secret is rotated the header has several signatures, separated by spaces.

import { WebhookVerificationError } from "./errors.js";
import { webCrypto } from "./web_crypto.js";

const PREFIX = "whsec_";
const TOLERANCE_SECONDS = 300;
const HMAC = { name: "HMAC", hash: "SHA-256" };

/** Verifies with one secret, or with any of several: `await new Webhook(secret).verify(body, headers)`. */
export class Webhook {
  #keys;

  constructor(...secrets) {
    if (!secrets.length) throw new TypeError("a webhook needs a secret");
    this.#keys = secrets.map(keyOf);
  }

  /** Resolves to the parsed message. `payload` is the body exactly as received: a string or bytes. */
  async verify(payload, headers, { now = Date.now() / 1000 } = {}) {
    const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    const [id, stamp, signatures] = ["id", "timestamp", "signature"].map((name) => header(headers, `webhook-${name}`));
    if (!id || !stamp || !signatures) {
      throw new WebhookVerificationError("webhook-id, webhook-timestamp or webhook-signature is missing");
    }
    checkTime(stamp, now);
    const signed = concatenate(new TextEncoder().encode(`${id}.${stamp}.`), body);
    if (!(await this.#signedBy(signed, signatures.split(" ")))) {
      throw new WebhookVerificationError("no signature is that of a known secret");
    }
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    } catch {
      throw new WebhookVerificationError("the body is not JSON");
    }
  }

  /** Compares in constant time. Signatures of other versions (`v1a`) match none. */
  async #signedBy(signed, signatures) {
    const sent = signatures.filter((one) => one.startsWith("v1,")).map((one) => bytesOf(one.slice(3)));
    const { subtle } = await webCrypto();
    for (const raw of this.#keys) {
      const key = await subtle.importKey("raw", raw, HMAC, false, ["verify"]);
      for (const one of sent) {
        if (one && (await subtle.verify("HMAC", key, one, signed))) return true;
      }
    }
    return false;
  }
}

function keyOf(secret) {
  const text = String(secret);
  const key = bytesOf(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text);
  if (!key?.length) throw new TypeError(`a webhook's secret is ${PREFIX} and base64`);
  return key;
}

/** Decodes base64; null if it is none. */
function bytesOf(text) {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return null;
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Reads a header of a `Headers`, or of an object whose names have any case (Node's requests, say). */
function header(headers, name) {
  if (typeof headers?.get === "function") return headers.get(name) ?? "";
  const entry = Object.entries(headers ?? {}).find(([one]) => one.toLowerCase() === name);
  return entry === undefined || entry[1] === undefined ? "" : String(entry[1]);
}

function checkTime(stamp, now) {
  if (!/^[0-9]{1,15}$/.test(stamp)) throw new WebhookVerificationError("webhook-timestamp is not a time");
  if (!(Math.abs(now - Number(stamp)) <= TOLERANCE_SECONDS)) {
    throw new WebhookVerificationError(`webhook-timestamp is more than ${TOLERANCE_SECONDS} seconds off`);
  }
}

function concatenate(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
