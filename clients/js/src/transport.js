// Requests over fetch: one, or as many as there is time for. The only module that touches the network.

import { ApiConnectionError, ApiError, OmnifyError, apiError } from "./errors.js";

const RETRIED = new Set([429, 500, 502, 503, 504]);
const FIRST_PAUSE = 0.25;
const LONGEST_PAUSE = 8;

/** There was no response: no connection, it broke, or time was up. The request may have been carried out. */
export class Unreachable extends Error {}

/** Where the service is, and for how long to try: `timeout` of a response, `retrySeconds` of a call, in seconds. */
export class Transport {
  #url;
  #headers;

  constructor(url, { token, timeout = 30, retrySeconds = 60, fetch: given } = {}) {
    this.#url = baseUrl(url);
    this.#headers = headersOf(token);
    this.timeout = timeout;
    this.retrySeconds = retrySeconds;
    // Called as a plain function: a browser's fetch refuses to be a method of anything else.
    this.fetch = given ?? ((...words) => globalThis.fetch(...words));
  }

  /** Returns the response of a call that worked. Throws ApiError, or ApiConnectionError without one in time. */
  async call(request, signal) {
    const until = now() + this.retrySeconds;
    for (let failures = 1; ; failures += 1) {
      let problem;
      try {
        const response = await this.send(request, Math.max(1, Math.min(this.timeout, until - now())), signal);
        if (response.understood) return response;
        problem = refusal(response);
      } catch (reason) {
        if (!(reason instanceof Unreachable)) throw reason;
        problem = new ApiConnectionError(`no response: ${reason.message}`);
      }
      if (!isPassing(problem)) throw problem;
      const wait = Math.max(problem.retryAfter ?? 0, pause(failures));
      if (now() + wait > until) {
        problem.idempotencyKey = request.headers?.["Idempotency-Key"];
        throw problem;
      }
      await sleep(wait, signal);
    }
  }

  /** Sends one request, and reads the response whole. Throws Unreachable. */
  async send(request, seconds, signal) {
    const watch = new Watch(signal);
    try {
      watch.set(seconds);
      const response = await this.#fetch(request, watch.signal);
      return new Response(response.status, response.headers, await response.text());
    } catch (problem) {
      throw watch.explain(problem);
    } finally {
      watch.end();
    }
  }

  /** Opens a stream. `pieces` of the result waits at most `silence` seconds for each. Throws Unreachable. */
  async open(request, silence, signal) {
    const watch = new Watch(signal);
    try {
      watch.set(silence());
      const response = await this.#fetch(request, watch.signal);
      if (response.status === 200) return { response, pieces: () => read(response, watch, silence), end: () => watch.end(true) };
      const whole = new Response(response.status, response.headers, await response.text());
      watch.end();
      return { response: whole, pieces: null, end: () => {} };
    } catch (problem) {
      watch.end();
      throw watch.explain(problem);
    }
  }

  #fetch({ method, path, params = {}, headers = {}, body }, signal) {
    const query = new URLSearchParams(params).toString();
    return this.fetch(`${this.#url}${path}${query ? `?${query}` : ""}`, {
      method,
      headers: { ...this.#headers, ...headers },
      body,
      signal,
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
    });
  }
}

/** A response that was read whole. */
class Response {
  constructor(status, headers, text) {
    this.status = status;
    this.headers = headers;
    try {
      this.json = JSON.parse(text);
    } catch {
      this.json = null;
    }
  }

  get data() {
    return this.json?.data;
  }

  /** Whether it is a success in the service's shape, and not a page that something in between has made. */
  get understood() {
    return this.status === 204 || (this.status >= 200 && this.status < 300 && this.json?.success === true);
  }
}

async function* read(response, watch, silence) {
  const reader = response.body.getReader();
  try {
    for (;;) {
      watch.set(silence());
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (problem) {
    throw watch.explain(problem);
  } finally {
    watch.end(true);
  }
}

/** Aborts what it watches when time is up, or the caller wants it. */
class Watch {
  #controller = new AbortController();
  #timer;
  #given;
  #onAbort = () => this.#controller.abort();

  constructor(given) {
    given?.throwIfAborted();
    this.#given = given;
    given?.addEventListener("abort", this.#onAbort);
    this.signal = this.#controller.signal;
  }

  set(seconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), Math.max(0, seconds) * 1000);
  }

  end(abort = false) {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener("abort", this.#onAbort);
    if (abort) this.#controller.abort();
  }

  /** What the caller is told: only the kind of a failure, since its text may name the ticket. */
  explain(problem) {
    if (this.#given?.aborted) return this.#given.reason;
    if (problem instanceof OmnifyError || problem instanceof Unreachable) return problem;
    return new Unreachable(this.signal.aborted ? "timeout" : (problem?.cause?.code ?? problem?.name ?? "failure"));
  }
}

/** Returns the error that a response is. A success that is not the service's is no answer. */
export function refusal(response) {
  if (response.status >= 200 && response.status < 300) return new ApiConnectionError("the response is not the service's");
  return apiError(response.status, response.json, retryAfter(response));
}

/** Tells whether the same request may work later. */
export function isPassing(problem) {
  return problem instanceof ApiConnectionError || (problem instanceof ApiError && RETRIED.has(problem.status));
}

/** Returns the seconds in `Retry-After`, which is a number or a date; null without it. */
export function retryAfter(response) {
  const text = (response.headers.get("retry-after") ?? "").trim();
  if (/^\d+$/.test(text)) return Number(text);
  const moment = Date.parse(text);
  return text && !Number.isNaN(moment) ? Math.max(0, (moment - Date.now()) / 1000) : null;
}

/** Draws the pause after so many failures in a row, half of it by chance: who failed together comes back apart. */
export function pause(failures) {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures - 1, 10)) * (0.5 + 0.5 * Math.random());
}

/** Seconds of a clock that only goes forward. */
export const now = () => performance.now() / 1000;

/** Resolves after so many seconds; rejects with the signal's reason when it aborts. */
export function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, Math.max(0, seconds) * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function baseUrl(url) {
  let parts;
  try {
    parts = new URL(url);
  } catch {
    parts = null;
  }
  if (!parts || !/^https?:$/.test(parts.protocol) || parts.search || parts.hash || parts.username) {
    throw new TypeError("the service's URL is one like https://tickets.example.org");
  }
  return String(url).replace(/\/+$/, "");
}

function headersOf(token) {
  if (token !== undefined && token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    throw new TypeError("an organizer's token has no spaces and no special characters");
  }
  // A browser says who it is itself, and would ask first whether it may.
  const server = globalThis.process?.versions?.node ? { "User-Agent": "omnify-client-js/0.1.0" } : {};
  return { Accept: "application/json", ...server, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
}
