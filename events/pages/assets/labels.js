// The words for codes, as the page has them in templates (`events/pages/messages.py`).

const parts = (list) => document.getElementById(list).content;

// Undefined for a code that this page does not know.
export function label(list, code) {
  return parts(list).querySelector(`[data-code="${CSS.escape(code)}"]`)?.textContent;
}

// An event's state, and who sees it where not all do.
export function stateText(event) {
  const state = label("states", event.registration_state) ?? event.registration_state;
  const seen = label("visibilities", event.visibility);
  return [seen, event.registration_paused && "Paused", state].filter(Boolean).join(" · ");
}

// All of a list, as [code, text].
export function labels(list) {
  return Array.from(parts(list).querySelectorAll("[data-code]"), (part) => [part.dataset.code, part.textContent]);
}
