// The form: what a registration needs, and what is wrong with it.

import { el, isolated } from "./dom.js";

const SELLS = ["open", "upcoming"];

export class Form {
  #inputs = {};
  #errors = {};
  #button;
  #note;
  #hint;

  // `submit(values)` gets a registration's fields when they look right.
  constructor(words, event, submit) {
    Object.assign(this, { words, event });
    this.#note = el("div", { class: "note bad", role: "alert", hidden: true });
    this.#hint = el("p", { class: "quiet", hidden: true });
    // Also what Enter does. A frame in a sandbox without allow-forms has clicks, but submits nothing.
    const sent = (clicked) => {
      clicked.preventDefault();
      if (this.#isComplete()) submit(this.#values());
    };
    this.#button = el("button", { class: "primary", onclick: sent });
    this.element = el("form", { novalidate: true }, this.#hint, this.#note, this.#fields(), this.#button);
    this.update(event);
  }

  // The event may have changed: seats are taken, registration is paused.
  update(event) {
    this.event = event;
    const { say } = this.#sayings();
    const waits = event.registration_state === "waitlist";
    const action = waits ? "join-waitlist" : event.draw_state === "open" ? "enter-draw" : "get-in-line";
    this.#button.textContent = say(action);
    this.#button.disabled = this.busy || event.registration_paused;
    const hint = event.registration_paused ? "paused" : waits ? "waitlist-goes" : event.registration_state === "upcoming" ? "with-code" : "";
    this.#hint.textContent = hint && say(hint);
    this.#hint.hidden = !hint;
    for (const option of this.#inputs.ticket_type?.options ?? []) this.#paint(option);
  }

  setBusy(busy) {
    this.busy = busy;
    this.#button.disabled = busy || this.event.registration_paused;
  }

  fill(values) {
    for (const [name, value] of Object.entries(values)) {
      if (this.#inputs[name] && value !== null) this.#inputs[name].value = value;
    }
  }

  // A sentence above the fields, and what comes of it; nothing where `text` is empty.
  problem(text, more = []) {
    this.#note.replaceChildren(...(text ? [el("p", {}, text), ...more] : []));
    this.#note.hidden = !text;
  }

  // Marks the fields that have errors (sentences by name), and clears the others.
  showErrors(errors) {
    for (const [name, input] of Object.entries(this.#inputs)) {
      const text = errors[name] ?? "";
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      this.#errors[name].textContent = text;
    }
    this.element.querySelector("[aria-invalid=true]")?.focus();
  }

  #sayings() {
    return { say: (code, values) => this.words.say(code, values) };
  }

  #fields() {
    const { say } = this.#sayings();
    const { ticket_types: types, max_quantity: most, access, has_codes: codes } = this.event;
    const plain = { autocomplete: "off", spellcheck: "false" };
    return [
      this.#field("name", el("input", { autocomplete: "name", maxlength: 255, required: true, dir: "auto" })),
      this.#field("email", el("input", { type: "email", autocomplete: "email", maxlength: 254, required: true }), say(most > 1 ? "one-ticket" : "one-seat")),
      types.length > 0 && this.#field("ticket_type", this.#typeList(types)),
      most > 1 && this.#field("quantity", el("input", { type: "number", inputmode: "numeric", min: 1, max: most, value: 1 }), say("up-to", { most: this.words.number(most) })),
      (access === "code" || codes) && this.#field("code", el("input", { ...plain, maxlength: 128, required: access === "code" }), say("code-hint")),
    ];
  }

  #field(name, input, hint) {
    const text = name === "code" && this.event.access !== "code" ? "code-optional" : name;
    this.#inputs[name] = input;
    this.#errors[name] = el("p", { class: "error", id: `${name}-error` });
    input.id = name;
    input.name = name;
    input.setAttribute("aria-describedby", `${name}-error${hint ? ` ${name}-hint` : ""}`);
    const below = hint && el("p", { class: "hint", id: `${name}-hint` }, hint);
    return el("div", { class: "field" }, el("label", { for: name }, this.words.say(text)), input, below, this.#errors[name]);
  }

  #typeList(types) {
    const options = types.map(({ id }) => el("option", { value: id }));
    options.forEach((option) => this.#paint(option));
    if (types.length > 1) options.unshift(el("option", { value: "" }, "–"));
    return el("select", { required: true }, options);
  }

  #paint(option) {
    const type = this.event.ticket_types.find(({ id }) => String(id) === option.value);
    if (!type) return;
    const sells = SELLS.includes(type.registration_state);
    const left = sells ? this.words.sayCount("seats-left", type.seats_left) : this.words.label("states", type.registration_state);
    option.replaceChildren(isolated([type.name, type.price, left].filter(Boolean).join(" · ")));
    option.disabled = !sells && type.registration_state !== "waitlist";
  }

  #values() {
    const { name, email, ticket_type: type, quantity, code } = this.#inputs;
    const found = { name: name.value.trim(), email: email.value.trim() };
    if (type) found.ticket_type = Number(type.value);
    if (quantity) found.quantity = Number(quantity.value);
    if (code?.value.trim()) found.code = code.value.trim();
    return { ...found, language: this.words.code };
  }

  #isComplete() {
    const { name, email, ticket_type: type, quantity, code } = this.#inputs;
    const wrong = {
      name: name.value.trim() ? "" : "name-missing",
      email: email.validity.valid ? "" : "email-wrong",
      ticket_type: type && !type.value ? "type-missing" : "",
      quantity: quantity && !quantity.validity.valid ? "quantity-wrong" : "",
      code: code?.required && !code.value.trim() ? "code-missing" : "",
    };
    const found = Object.entries(wrong).filter(([, text]) => text);
    this.showErrors(Object.fromEntries(found.map(([field, text]) => [field, this.words.say(text)])));
    return !found.length;
  }
}
