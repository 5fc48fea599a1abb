// Rows of a list that are selected, to do one thing to all of them. `bar` has the buttons and what is said of them.

import { el } from "./dom.js";
import { say, sayCount } from "./language.js";

export class Selection {
  #bar;
  #named;
  #boxes = [];

  // `named(hint, id)` names a row for its box. Without a bar nothing can be selected.
  constructor(bar, named) {
    [this.#bar, this.#named] = [bar, named];
    bar?.querySelector("#select-all").addEventListener("click", () => this.#all());
  }

  box({ id, hint }) {
    const box = el("input", { type: "checkbox", value: id, "aria-label": say("select", { name: this.#named(hint, id) }) });
    box.addEventListener("change", () => this.#show());
    return box;
  }

  get ids() {
    return this.#boxes.filter((box) => box.checked).map((box) => Number(box.value));
  }

  // Another page is shown: nothing of it is selected.
  begin() {
    if (!this.#bar) return;
    this.#boxes = [...document.querySelectorAll("#rows input[type=checkbox]")];
    this.#bar.hidden = !this.#boxes.length;
    this.#show();
  }

  #all() {
    const on = this.ids.length < this.#boxes.length;
    for (const box of this.#boxes) box.checked = on;
    this.#show();
  }

  #show() {
    const count = this.ids.length;
    this.#bar.querySelector("#selected").textContent = count ? sayCount("selected", count) : "";
    this.#bar.querySelector("#revoke-several").disabled = !count;
  }
}
