// An event's access codes: made in bulk, shown once, revoked.

import { api } from "./api.js";
import { attempt, byId, el, here, number, person, row } from "./dom.js";
import { onSubmit } from "./forms.js";
import { eventId, showHead } from "./head.js";
import { say, sayCount } from "./language.js";
import { List } from "./list.js";
import { LocalTime, readTimes } from "./local_time.js";
import { codeName } from "./named.js";
import { make, makeOwn, ownCodes } from "./new_codes.js";
import { Selection } from "./selection.js";
import { shortMoment } from "./times.js";

const path = `/events/${eventId}/codes`;
const FIRST = `${path}?page_size=50`;
const form = byId("codes-form");
const types = new Map();
const mayRevoke = !form.hidden;

function shown(code) {
  const ticket = code.ticket_type === null ? say("any") : person(types.get(code.ticket_type) ?? `#${code.ticket_type}`);
  const from = code.opens_at ? shortMoment(code.opens_at) : say("opening");
  const name = el("code", {}, codeName(code.hint, code.id));
  const left = code.revoked_at ? 0 : code.uses - code.used;
  const select = mayRevoke ? [code.revoked_at ? "" : selection.box(code)] : [];
  return row(...select, name, used(code), number(left), from, ticket, shortMoment(code.created_at), state(code));
}

// How many seats it has let in, which leads to the guests who have them.
function used(code) {
  const text = say("used-of", { used: number(code.used), uses: number(code.uses) });
  return code.used ? el("a", { href: here(`/console/events/${eventId}/attendees?code=${code.id}`) }, text) : text;
}

function state(code) {
  if (code.revoked_at) return say("revoked");
  if (!mayRevoke) return say("good");
  const button = el("button", { class: "bad" }, say("revoke"));
  confirmed(button, "revoke", () => api("DELETE", `${path}/${code.id}`));
  return button;
}

// A second press is the confirmation.
function confirmed(button, text, work) {
  button.addEventListener("click", async () => {
    if (button.dataset.sure === undefined) {
      button.dataset.sure = "";
      button.textContent = say(`${text}-sure`);
      return;
    }
    delete button.dataset.sure;
    button.textContent = say(text);
    if (await attempt(work)) await list.again();
  });
}

const selection = new Selection(byId("several"), codeName);
const list = new List("rows", shown, say("none"), () => selection.begin());
if (mayRevoke) confirmed(byId("revoke-several"), "revoke-several", () => api("POST", `${path}/revoke`, { ids: selection.ids }));
const opens = new LocalTime(byId("opens_at"));

// What all new codes have in common.
function terms() {
  return {
    uses: Number(byId("uses").value),
    opens_at: readTimes([opens]).opens_at || null,
    ticket_type: Number(byId("ticket_type").value) || null,
  };
}

let made = { codes: [], terms: {} };

function show(codes, terms) {
  made = { codes, terms };
  byId("made-text").textContent = sayCount("made", codes.length);
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

onSubmit(form, async () => {
  const own = ownCodes(byId("codes").value);
  const common = terms();
  const codes = [];
  try {
    if (own.length) await makeOwn(path, own, common, codes);
    else codes.push(...(await make(path, { count: Number(byId("count").value), ...common })));
    form.reset(); // before the list is loaded: what is typed meanwhile is for the next
  } finally {
    // Those that are made are shown, also where further ones were refused; what is left stays in the form.
    if (codes.length) show(codes, common);
    if (codes.length) byId("codes").value = own.slice(codes.length).join("\n");
    if (codes.length) await list.load(FIRST);
  }
});

const event = await showHead();
if (event) {
  for (const { id, name } of event.ticket_types) {
    types.set(id, name);
    byId("ticket_type").append(el("option", { value: id }, name));
  }
  byId("for-type").hidden = !types.size;
  byId("access").textContent = say(event.access === "code" ? "needs-code" : "open-to-all");
}
await list.load(FIRST);
form.dataset.ready = "";
