// Sending a form of the console.

import { byId, el, explain, problem } from "./dom.js";
import { say } from "./language.js";
import { inWords } from "./refusals.js";

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
      showErrors(form, trouble.errors ?? {}, trouble.code);
    }
  });
}

// Marks the fields that have errors, and clears the others. What is wrong with a field has the code of the whole, unless
// that is only that something is.
export function showErrors(form, errors, code) {
  const known = code === "invalid" ? undefined : code;
  for (const field of form.querySelectorAll(".field")) {
    const input = field.querySelector("input, select, textarea");
    const text = errors[input?.name]?.map((sentence) => inWords(sentence, known)).join(" ") ?? "";
    input?.toggleAttribute("aria-invalid", Boolean(text));
    if (text) input.setAttribute("aria-invalid", "true");
    field.querySelector(".error").textContent = text;
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

// Shows a secret that the service gives out only once.
export function showSecret(text, secret) {
  const [before, after] = say(text).split("{secret}");
  byId("secret").replaceChildren(before, el("code", {}, secret), after);
  byId("secret").hidden = false;
}
