// The list by which this device lets guests in without a network: hashes of codes, with what is left of them.

import { api } from "./api.js";
import { eventId } from "./head.js";
import { drop, keep, kept, possible } from "./offline_page.js";

const path = `/events/${eventId}/check-ins/offline`;
const HASH_BYTES = 16;
const PATIENCE_MS = 120_000; // megabytes, over the network of a cellar

// The first 16 bytes of the SHA-256, in URL-safe base64 without padding, as the service makes it.
async function hash(code) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code)));
  const text = btoa(String.fromCharCode(...digest.subarray(0, HASH_BYTES)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export class OfflineList {
  #tickets = null;
  #ahead = 0; // what the service's clock is ahead of the device's, in ms
  readAt = null;

  get size() {
    return this.#tickets ? Object.keys(this.#tickets).length : 0;
  }

  // Reads it from the service. Throws as `api` does; what a token may no longer read is not kept either.
  async refresh() {
    try {
      const found = await api("GET", path, undefined, PATIENCE_MS);
      const list = { ...found, ahead: Date.parse(found.read_at) - Date.now() };
      this.#use(list);
      await keep(path, list);
    } catch (trouble) {
      if (trouble.status === 403 || trouble.status === 404) await this.#lose();
      throw trouble;
    }
  }

  // Reads what the device has kept.
  async restore() {
    const found = possible ? await kept(path) : undefined;
    if (found) this.#use(found);
  }

  // How many may still come in with this code: undefined if it is not on the list, null if there is no list.
  async left(code) {
    return this.#tickets ? this.#tickets[await hash(code)] : null;
  }

  // The moment by the service's clock, a little early rather than late: the service takes no time to come.
  // null before there is a list: the device's own clock may be wrong.
  now() {
    return this.readAt && new Date(Date.now() + this.#ahead).toISOString().replace("Z", "+00:00");
  }

  #use({ tickets, ahead, read_at: readAt }) {
    [this.#tickets, this.#ahead, this.readAt] = [tickets, ahead, readAt];
  }

  async #lose() {
    [this.#tickets, this.readAt] = [null, null];
    await drop(path);
  }
}
