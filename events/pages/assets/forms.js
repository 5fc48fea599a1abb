// Sending a form of the console.

import { byId, el, explain, problem } from "./dom.js";

// Runs `send` for every submit. What the service refuses is said at the top of the page and at the fields it names.
export function onSubmit(form, send) {
  form.addEventListener("submit", async (sent) => {
    sent.preventDefault();
    problem(null);
    try {
      await send();
      showErrors(form, {});
    } catch (trouble) {
      explain(trouble);
      showErrors(form, trouble.errors ?? {});
    }
  });
}

// Marks the fields that have errors, and clears the others.
export function showErrors(form, errors) {
  for (const field of form.querySelectorAll(".field")) {
    const input = field.querySelector("input, select, textarea");
    const text = errors[input?.name]?.join(" ") ?? "";
    input?.toggleAttribute("aria-invalid", Boolean(text));
    if (text) input.setAttribute("aria-invalid", "true");
    field.querySelector(".error").textContent = text;
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

// Shows a secret that the service gives out only once.
export function showSecret(text, secret) {
  byId("secret").replaceChildren(text, el("code", {}, secret));
  byId("secret").hidden = false;
}
