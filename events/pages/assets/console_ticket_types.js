// The ticket types in the form of an event, a row for each. A hidden field holds them as JSON: "" without any.

import { byId, el } from "./dom.js";
import { say } from "./language.js";

const COLUMNS = [
  { name: "name", type: "text", maxlength: 255, dir: "auto" },
  { name: "capacity", type: "number", min: 1, max: 10000000 },
  { name: "waitlist_capacity", type: "number", min: 0, max: 10000000, value: 0 },
  { name: "max_quantity", type: "number", min: 1, max: 20, value: 1 },
  { name: "price", type: "text", maxlength: 40 },
];

export class TicketTypes {
  // `changed()` hears of every change that a person makes.
  constructor(field, changed) {
    this.field = field;
    this.changed = changed;
    byId("add-type").addEventListener("click", () => this.add({}).querySelector("input").focus());
    byId("types").addEventListener("input", () => this.keep());
  }

  // Shows those of an event.
  show(types) {
    byId("types").replaceChildren();
    for (const type of types) this.add(type);
    this.keep();
  }

  add(type) {
    const remove = el("button", { type: "button", onclick: () => this.remove(made) }, say("remove"));
    const made = el("div", { class: "pair type", "data-id": type.id }, ...COLUMNS.map((column) => this.cell(column, type)), remove);
    byId("types").append(made);
    this.keep();
    return made;
  }

  cell({ name, value = "", ...more }, type) {
    return el("label", {}, say(`type-${name}`), el("input", { ...more, "data-part": name, value: type[name] ?? value }));
  }

  remove(row) {
    row.remove();
    this.keep();
  }

  keep() {
    const rows = [...document.querySelectorAll("#types .type")].map(read);
    this.field.value = rows.length ? JSON.stringify(rows) : "";
    this.changed();
  }
}

function read(row) {
  const found = row.dataset.id ? { id: Number(row.dataset.id) } : {};
  for (const { type, value, dataset } of row.querySelectorAll("input")) {
    found[dataset.part] = type === "number" && value !== "" ? Number(value) : value;
  }
  return found;
}
