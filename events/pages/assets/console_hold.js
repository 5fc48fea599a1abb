// The form's part for holds: a hidden field has them as JSON, and is empty where there is none.

import { byId } from "./dom.js";

const MINUTE = 60;

export class HoldFields {
  #field;
  #by = byId("hold-by");
  #minutes = byId("hold-minutes");
  #seats = byId("hold-for");

  constructor(field) {
    this.#field = field;
    for (const part of [this.#by, this.#minutes, this.#seats]) part.addEventListener("input", () => this.#keep());
    this.#keep();
  }

  show(hold) {
    this.#by.value = hold?.confirmed_by ?? "";
    if (hold) [this.#minutes.value, this.#seats.value] = [hold.seconds / MINUTE, hold.applies_to];
    this.#keep();
  }

  #keep() {
    const by = this.#by.value;
    this.#minutes.disabled = this.#seats.disabled = !by;
    const hold = { seconds: Math.round(Number(this.#minutes.value) * MINUTE), confirmed_by: by, applies_to: this.#seats.value };
    this.#field.value = by ? JSON.stringify(hold) : "";
  }
}
