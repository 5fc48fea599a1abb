// Waiting. A page has one timer for each purpose, and no other: setTimeout stands in this file alone.

const LONGEST_MS = 2 ** 31 - 1; // Browsers take a longer wait for none at all.

// Runs `work` once, some time after `set`. Set again, it forgets what it was set to before: a chain never becomes two.
// While the page is hidden it waits, and it runs as soon as the page is shown if its time has come by then.
export class Timer {
  #work;
  #whileHidden;
  #due = null;
  #id = null;

  constructor(work, { whileHidden = false } = {}) {
    this.#work = work;
    this.#whileHidden = whileHidden;
    if (!whileHidden) document.addEventListener("visibilitychange", () => this.#arm());
  }

  get running() {
    return this.#due !== null;
  }

  set(milliseconds) {
    this.#due = performance.now() + milliseconds;
    this.#arm();
  }

  stop() {
    this.#due = null;
    this.#arm();
  }

  #arm() {
    clearTimeout(this.#id);
    if (!this.running || (!this.#whileHidden && document.visibilityState === "hidden")) return;
    const left = Math.max(0, this.#due - performance.now());
    this.#id = setTimeout(() => this.#wake(), Math.min(left, LONGEST_MS));
  }

  #wake() {
    if (this.#due - performance.now() > 1) return this.#arm();
    this.#due = null;
    this.#work();
  }
}

// `work` with no more than one run at a time: who asks meanwhile gets the end of the run that is under way.
export function oneAtATime(work) {
  let running = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}
