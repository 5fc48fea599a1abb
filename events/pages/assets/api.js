// The public API, called with the organizer's session: the cookie by itself, and the page's CSRF token with it.

import { here, pathOf } from "./dom.js";

const csrf = document.querySelector("meta[name=csrf]").content;

export class Refused extends Error {
  constructor(status, { code, message, errors }) {
    super(message);
    Object.assign(this, { status, code, errors: errors ?? {} });
  }
}

// The `data` of the answer; null for one without a body. Throws Refused. Without a session it leads to the sign-in.
// `patience` is how long it waits at most, in ms: without it, as long as the browser does. `more` are further headers.
export async function api(method, path, body, patience, more = {}) {
  const headers = { ...more, Accept: "application/json", "X-CSRFToken": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const signal = patience === undefined ? undefined : AbortSignal.timeout(patience);
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(path, { method, headers, body: sent, signal, cache: "no-store" });
  if (answer.status === 204) return null;
  const found = await answer.json();
  if (answer.status === 401) {
    location.assign(here(`/console/login?next=${encodeURIComponent(location.pathname)}`));
    return new Promise(() => {});
  }
  if (!answer.ok) throw new Refused(answer.status, found);
  return found.data;
}

// Everything in a list, page after page. Throws Refused.
export async function* everything(path) {
  for (let next = path; next; ) {
    const page = await api("GET", next);
    yield* page.results;
    next = page.next_page && pathOf(page.next_page);
  }
}
