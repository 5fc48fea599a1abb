// The words for codes, as the page has them in templates (`events/pages/messages.py`).

const parts = (list) => document.getElementById(list).content;

// Undefined for a code that this page does not know.
export function label(list, code) {
  return parts(list).querySelector(`[data-code="${CSS.escape(code)}"]`)?.textContent;
}

// What the chip of an event says: its registration's state, unless that is only paused.
export function shownState(state, paused) {
  return paused && ["upcoming", "open", "waitlist"].includes(state) ? "paused" : state;
}

// An event's state, and who sees it where not all do.
export function stateText(event) {
  const state = shownState(event.registration_state, event.registration_paused);
  const seen = label("visibilities", event.visibility);
  return [seen, label("states", state) ?? state].filter(Boolean).join(" · ");
}

// All of a list, as [code, text].
export function labels(list) {
  return Array.from(parts(list).querySelectorAll("[data-code]"), (part) => [part.dataset.code, part.textContent]);
}
