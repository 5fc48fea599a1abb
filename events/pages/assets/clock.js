// The server's time, whatever the visitor's clock says: the moment the page was made, and how long ago that was.

export class Clock {
  // `now`: the server's milliseconds since 1970 when it made this page. What the network took makes this clock late by
  // that much and never early, so no form is sent before the server would take it.
  constructor(now) {
    const [page] = performance.getEntriesByType("navigation");
    this.set(now, page ? page.responseStart : performance.now());
  }

  set(now, at) {
    this.ahead = now - at;
  }

  now() {
    return this.ahead + performance.now();
  }

  // A machine that slept may have stopped its timer too: asks the server again.
  async sync() {
    const sent = performance.now();
    const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-store" });
    const now = Number(answer.headers.get("x-server-time"));
    if (now) this.set(now, sent + (performance.now() - sent) / 2);
  }
}

// Calls `wake` when the page may have missed something: shown again, back from the history, online again.
export function onReturn(wake) {
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  window.addEventListener("pageshow", (event) => event.persisted && wake());
  window.addEventListener("online", wake);
}

export function jittered(milliseconds) {
  return milliseconds * (0.8 + 0.4 * Math.random());
}
