// Who has a seat, and who is in.

import { api } from "./api.js";
import { entry } from "./check_ins.js";
import { attempt, byId, el, isolated, number, person, problem, row } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { List } from "./list.js";
import { knowTypes, named } from "./named.js";
import { shortMoment } from "./times.js";

const path = `/events/${eventId}/attendees`;
// What this token sees and may do; the page's frame says so.
const { contacts, entrance, full } = byId("rows").dataset;

function shown(one) {
  const more = contacts === undefined ? [] : [person(one.email), shortMoment(one.confirmed_at)];
  const inside = entrance === undefined ? shortMoment(one.checked_in_at) || "–" : entry(one, () => attendees.again());
  return row(named(one), ...more, one.reference, inside, ...(full === undefined ? [] : [takeBack(one)]));
}

// Asks a second time on the button itself; then the cancellation takes its turn in line.
function takeBack(one) {
  if (one.checked_in_at) return "";
  const button = el("button", { class: "bad" }, "Cancel");
  button.setAttribute("aria-label", `Cancel the ticket of ${isolated(one.name)}`);
  button.addEventListener("click", async () => {
    if (button.dataset.sure === undefined) {
      button.dataset.sure = "";
      button.textContent = "Really cancel?";
      return;
    }
    button.disabled = true;
    const done = await attempt(() => api("DELETE", `${path}/${one.ticket_id}`));
    button.textContent = done ? "Cancelling …" : "Cancel";
    button.disabled = Boolean(done);
    delete button.dataset.sure;
  });
  return button;
}

function counted({ total_items: total }) {
  byId("count").textContent = `${number(total)} ${total === 1 ? "ticket" : "tickets"}`;
}

const attendees = new List("rows", shown, "No attendees to show.", counted);

function load() {
  const asked = new URLSearchParams();
  if (byId("search").value.trim()) asked.set("search", byId("search").value.trim());
  if (byId("checked-in").value) asked.set("checked_in", byId("checked-in").value);
  problem(null);
  byId("csv").href = `${path}?${new URLSearchParams([["format", "csv"], ...asked])}`;
  attendees.load(`${path}?${new URLSearchParams([["page_size", "50"], ...asked])}`);
}

byId("search-form").addEventListener("submit", (sent) => {
  sent.preventDefault();
  load();
});
byId("checked-in").addEventListener("change", load);
knowTypes(await showHead());
load();
