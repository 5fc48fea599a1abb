// An event's access codes: made in bulk, shown once, revoked.

import { api } from "./api.js";
import { attempt, byId, el, number, person, row } from "./dom.js";
import { onSubmit } from "./forms.js";
import { eventId, showHead } from "./head.js";
import { List } from "./list.js";
import { LocalTime, readTimes } from "./local_time.js";
import { shortMoment } from "./times.js";

const path = `/events/${eventId}/codes`;
const FIRST = `${path}?page_size=50`;
const form = byId("codes-form");
const types = new Map();
const mayRevoke = !form.hidden;

function shown(code) {
  const name = `${code.hint}… (${code.id})`;
  const ticket = code.ticket_type === null ? "Any" : person(types.get(code.ticket_type) ?? `#${code.ticket_type}`);
  const from = code.opens_at ? shortMoment(code.opens_at) : "The opening";
  return row(el("code", {}, name), `${number(code.used)} of ${number(code.uses)}`, from, ticket, shortMoment(code.created_at), state(code));
}

function state(code) {
  if (code.revoked_at) return "Revoked";
  if (!mayRevoke) return "Good";
  return el("button", { class: "bad", onclick: (press) => revoke(code, press.currentTarget) }, "Revoke");
}

async function revoke(code, button) {
  // A second press is the confirmation.
  if (button.dataset.sure === undefined) {
    button.dataset.sure = "";
    button.textContent = "Really revoke?";
    return;
  }
  if (await attempt(() => api("DELETE", `${path}/${code.id}`))) await list.again();
}

const list = new List("rows", shown, "No codes.");
const opens = new LocalTime(byId("opens_at"));

function values() {
  const own = byId("codes").value.trim();
  return {
    ...(own ? { codes: [own] } : { count: Number(byId("count").value) }),
    uses: Number(byId("uses").value),
    opens_at: readTimes([opens]).opens_at || null,
    ticket_type: Number(byId("ticket_type").value) || null,
  };
}

let made = { codes: [], terms: {} };

function show(codes, terms) {
  made = { codes, terms };
  byId("made-text").textContent = codes.length === 1 ? "The code is made." : `${number(codes.length)} codes are made.`;
  byId("made-codes").value = codes.join("\n");
  byId("made").hidden = false;
  byId("made").scrollIntoView({ block: "center" });
}

// As the API's own file is: for spreadsheets, with a byte order mark and every cell quoted.
function file({ codes, terms }) {
  const rest = [terms.uses, terms.opens_at ?? "", terms.ticket_type ?? ""];
  const rows = [["code", "uses", "opens_at", "ticket_type"], ...codes.map((code) => [code, ...rest])];
  return "\ufeff" + rows.map((cells) => cells.map((cell) => `"${cell}"`).join(",") + "\r\n").join("");
}

let url = null;
byId("download").addEventListener("click", () => {
  // The browser may still be reading the last one, so it is let go with the next.
  if (url) URL.revokeObjectURL(url);
  url = URL.createObjectURL(new Blob([file(made)], { type: "text/csv" }));
  el("a", { href: url, download: `event-${eventId}-codes.csv` }).click();
});

// The same form sent again after a lost answer makes no second codes, and shows the first.
let key = null;
let keyIsFor = null;

function keyFor(body) {
  const text = JSON.stringify(body);
  if (key === null || keyIsFor !== text) [key, keyIsFor] = [crypto.getRandomValues(new Uint32Array(4)).join("-"), text];
  return key;
}

onSubmit(form, async () => {
  const body = values();
  const { codes } = await api("POST", path, body, undefined, { "Idempotency-Key": keyFor(body) });
  key = null;
  form.reset();
  show(codes, body);
  await list.load(FIRST);
});

const event = await showHead();
if (event) {
  for (const { id, name } of event.ticket_types) {
    types.set(id, name);
    byId("ticket_type").append(el("option", { value: id }, name));
  }
  byId("for-type").hidden = !types.size;
  byId("access").textContent = event.access === "code"
    ? "A registration needs a code."
    : "Registration is open to all; a code can let in before it opens. Change that under Edit.";
}
await list.load(FIRST);
form.dataset.ready = "";
