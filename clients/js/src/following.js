// Follows one ticket: by its stream, else by long polls, else by polling as `Retry-After` says.
//
// Where one way fails the next is taken, and when that works the better one is tried again; a way that failed three times
// while another worked is given up for this ticket (a proxy that holds streams back, say). A door that is killed breaks a
// stream once, and costs one pause.
//
//     stream ──fails──► long poll ──fails──► poll
//        ▲                 │  ▲                │
//        └──── worked ─────┘  └──── worked ────┘

import { ApiConnectionError, OmnifyError, WaitTimeout } from "./errors.js";
import { Ticket, isKnown } from "./resources.js";
import { EventStream } from "./server_sent_events.js";
import { Unreachable, isPassing, now, pause, refusal, retryAfter, sleep } from "./transport.js";

// The service sends something every 15 seconds.
const SILENCE_SECONDS = 35;
const LONGEST_POLL = 25;
const STRIKES = 3;
const [STREAM, LONG_POLL, POLL] = [0, 1, 2];

/** Yields the ticket as it is, then each change of it, until its status is final. */
export async function* follow(transport, path, { timeout, signal } = {}) {
  yield* new Following(transport, path, timeout, signal).run();
}

class Following {
  #transport;
  #path;
  #signal;
  #deadline;
  #ticket = null;
  #shown = "";
  #tag = "";
  #over = false;
  #way = STREAM;
  #strikes = [0, 0, 0];
  #failures = 0;
  #failingSince = now();
  #pause = 0;

  constructor(transport, path, timeout, signal) {
    this.#transport = transport;
    this.#path = path;
    this.#signal = signal;
    this.#deadline = timeout === undefined || timeout === null ? Infinity : now() + timeout;
  }

  async *run() {
    while (!this.#over) {
      const way = this.#way;
      try {
        yield* way === STREAM ? this.#stream() : this.#read(way);
        this.#worked(way);
      } catch (problem) {
        if (!(problem instanceof OmnifyError || problem instanceof Unreachable)) throw problem;
        if (this.#left() > 0) this.#failed(way, problem);
      }
      if (this.#over) return;
      if (this.#left() <= 0) throw new WaitTimeout(this.#ticket);
      await sleep(Math.min(this.#pause, this.#left()), this.#signal);
    }
  }

  async *#stream() {
    const request = { method: "GET", path: `${this.#path}/events`, headers: { Accept: "text/event-stream" } };
    const silence = () => Math.min(SILENCE_SECONDS, this.#left());
    const { response, pieces, end } = await this.#transport.open(request, silence, this.#signal);
    try {
      if (!pieces || !response.headers.get("content-type")?.startsWith("text/event-stream")) throw refusal(response);
      yield* this.#events(pieces());
    } finally {
      end();
    }
  }

  async *#events(pieces) {
    const parser = new EventStream();
    const openedAt = now();
    let news = false;
    for await (const piece of pieces) {
      this.#failures = 0;
      this.#failingSince = now();
      for (const event of parser.feed(piece)) {
        if (this.#take(event.id, parsed(event.data))) {
          news = true;
          yield this.#ticket;
        }
        if (this.#over) return;
      }
    }
    // A door that restarts ends its streams; they say when to come back.
    this.#pause = parser.retrySeconds ?? 1;
    if (!news && now() - openedAt < SILENCE_SECONDS) throw new ApiConnectionError("the stream ended without news");
  }

  /** Reads the ticket once; a long poll waits for a change of its status. */
  async *#read(way) {
    const wait = way === LONG_POLL && this.#tag ? Math.trunc(Math.max(0, Math.min(LONGEST_POLL, this.#left()))) : 0;
    const request = {
      method: "GET",
      path: this.#path,
      params: wait ? { wait: String(wait) } : {},
      headers: this.#tag ? { "If-None-Match": this.#tag } : {},
    };
    const askedAt = now();
    const seconds = wait + Math.max(1, Math.min(this.#transport.timeout, this.#left()));
    const response = await this.#transport.send(request, seconds, this.#signal);
    this.#pause = retryAfter(response) ?? 1;
    let news = false;
    if (response.understood) {
      news = this.#take(response.headers.get("etag") ?? "", response.data, response);
      if (news) yield this.#ticket;
    } else if (response.status !== 304) {
      throw refusal(response);
    }
    if (news || (wait && now() - askedAt > wait / 2)) this.#pause = 0; // it was held: the next one may begin at once
    else if (wait) this.#strikes[LONG_POLL] += 1; // answered at once: something in between does not know of `wait`
  }

  /** Tells whether the ticket has changed. */
  #take(tag, data, response) {
    if (typeof data?.status !== "string") throw new ApiConnectionError("the response is not the service's");
    const shown = JSON.stringify(data);
    const changed = shown !== this.#shown;
    this.#tag = tag;
    this.#shown = shown;
    this.#ticket = new Ticket(data);
    // A status of a later service is final if the service does not say when to ask again.
    const unknown = response !== undefined && !isKnown(data.status) && retryAfter(response) === null;
    this.#over = this.#ticket.final || unknown;
    return changed;
  }

  #worked(way) {
    this.#failures = 0;
    this.#failingSince = now();
    if (way === STREAM) this.#strikes[STREAM] = 0;
    // After the last resort a long poll first: it says whether anything is there that could hold a stream.
    const better = [LONG_POLL, STREAM].find((one) => one < way && this.#strikes[one] < STRIKES);
    if (better === undefined) return;
    this.#way = better;
    this.#pause = Math.min(this.#pause, 1) * Math.random();
  }

  #failed(way, reason) {
    const problem = reason instanceof Unreachable ? new ApiConnectionError(`no response: ${reason.message}`) : reason;
    if (!isPassing(problem)) {
      if (way !== STREAM) throw problem;
      this.#strikes[way] = STRIKES; // this way is barred; what is wrong with the ticket, a poll will say
    }
    this.#failures += 1;
    this.#strikes[way] += 1;
    if (now() - this.#failingSince > this.#transport.retrySeconds) throw problem;
    this.#way = Math.min(way + 1, POLL);
    this.#pause = Math.max(problem.retryAfter ?? 0, pause(this.#failures));
  }

  #left() {
    return this.#deadline - now();
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
