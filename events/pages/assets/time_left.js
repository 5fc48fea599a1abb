// What is left of the time that a seat is set aside for: by the server's clock, whatever the visitor's says.

import { Clock } from "./clock.js";
import { length, say } from "./language.js";
import { Timer } from "./timer.js";
import { countdown } from "./times.js";

const CALLS = [
  [15, 15, "second"],
  [60, 1, "minute"],
  [300, 5, "minute"],
];
const OVER_MS = 3000; // The seat leaves when the end of its time has had its turn: until then, ask this often.

// `announce(text)` says how much is left now and then, for those who hear the page; `over()` is called when the time is
// over, and again until `show` is told otherwise.
export class TimeLeft {
  #announce;
  #over;
  #clock = null;
  #end = null;
  #said = Infinity;
  #ticking = new Timer(() => this.#tick());

  constructor(announce, over) {
    [this.#announce, this.#over] = [announce, over];
  }

  // `expires` and `now` are of one page, `at` when it came: without it, when the browser loaded it.
  show({ expires, now }, at) {
    this.#ticking.stop();
    this.#end = expires ? Date.parse(expires) : null;
    if (this.#end === null) return;
    this.#clock ??= new Clock(Number(now));
    if (at !== undefined) this.#clock.set(Number(now), at);
    this.#said = Math.ceil(this.#left / 1000);
    this.#tick();
  }

  // After a sleep: the machine's timer may have stopped too.
  sync() {
    if (this.#end !== null) this.#clock.sync().then(() => this.#tick(), () => {});
  }

  get #left() {
    return this.#end - this.#clock.now();
  }

  #tick() {
    if (this.#end === null) return;
    document.getElementById("left")?.replaceChildren(countdown(this.#left));
    if (this.#left <= 0) {
      this.#ticking.set(OVER_MS);
      return this.#over();
    }
    this.#call(Math.ceil(this.#left / 1000));
    this.#ticking.set(Math.max(10, this.#left % 1000 || 1000));
  }

  #call(seconds) {
    const call = CALLS.find(([mark]) => seconds <= mark && mark < this.#said);
    this.#said = seconds;
    if (call) this.#announce(say("time-left", { time: length(call[1], call[2]) }));
  }
}
