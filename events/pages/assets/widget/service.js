// The service's API, as a page of another origin may call it.

const PATIENCE_MS = 20000; // A request that hangs must end, or nothing comes after it.
const AGAIN_SECONDS = 2;
const LONGEST_SECONDS = 60;

// `code` is the service's, or "offline" where no answer came: the network, or a browser that may not show it to this
// page. `seconds` is what Retry-After said, undefined without one.
export class Refused extends Error {
  constructor(status, { code, errors }, seconds) {
    super(code);
    Object.assign(this, { status, code, seconds, errors: errors ?? {} });
  }
}

export class Service {
  #ahead = -Infinity;

  constructor(server) {
    this.server = server;
  }

  url(path) {
    return this.server + path;
  }

  // The server's time in ms since 1970, whatever the visitor's clock says. Its Date is cut to seconds and has travelled,
  // so each answer gives a bound: this clock is late, by less the more answers came, and never early.
  now() {
    return this.#ahead === -Infinity ? Date.now() : this.#ahead + performance.now();
  }

  // Returns { data, seconds, tag }, without data if it is what the tag in If-None-Match stands for. Throws Refused.
  async ask(method, path, { body, headers = {}, patience = PATIENCE_MS } = {}) {
    const sent = { method, body, headers, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
    let answer, found;
    try {
      answer = await fetch(this.url(path), { ...sent, signal: AbortSignal.timeout(patience) });
      this.#hear(answer.headers.get("date"));
      found = answer.status === 304 ? null : await answer.json();
    } catch {
      throw new Refused(0, { code: "offline" });
    }
    const seconds = Number(answer.headers.get("Retry-After")) || undefined;
    const tag = answer.headers.get("ETag");
    if (answer.status === 304) return { seconds, tag };
    if (!answer.ok) throw new Refused(answer.status, found, seconds);
    return { data: found.data, seconds, tag };
  }

  // Tells who builds the page why no answer may have come: scripts are not told by the browser.
  explain() {
    const tell = (why) => console.error(`omnify: no answer from ${this.server} that this page may read. ${why}`);
    if (self.origin === "null") {
      return tell('This page has no origin of its own: an <iframe sandbox> needs "allow-scripts allow-same-origin", and "allow-popups" for links.');
    }
    tell(`If it is up, ${self.origin} is missing in its CORS_ALLOWED_ORIGINS, or this page's Content-Security-Policy lacks connect-src ${this.server}.`);
  }

  #hear(date) {
    const told = Date.parse(date);
    if (told) this.#ahead = Math.max(this.#ahead, told - performance.now());
  }
}

// How long to wait before asking again: as the service says, else twice as long each time. Never all at once.
export function backoff(failures, seconds) {
  const told = seconds ?? Math.min(LONGEST_SECONDS, AGAIN_SECONDS * 2 ** Math.max(0, failures - 1));
  return told * 1000 * (seconds === undefined ? 0.75 + 0.5 * Math.random() : 1) + Math.random() * 1000;
}
