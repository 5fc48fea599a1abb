// The entrance: type a ticket or a name, scan with a scanner that types, or use the camera.

import { api } from "./api.js";
import { Camera } from "./camera.js";
import { checkIn, entry, undo } from "./check_ins.js";
import { attempt, byId, el, number, person, problem, refresh } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { List } from "./list.js";
import { readTicket } from "./ticket_codes.js";
import { Timer } from "./timer.js";
import { shortMoment } from "./times.js";

const COUNT_MS = 15_000;
const LOG_LENGTH = 20;
const guests = `/events/${eventId}/attendees`;
const verdict = byId("verdict");
let busy = false;

// `more` stands beside the line in the log.
function say(state, headline, text, ...more) {
  verdict.dataset.state = state;
  verdict.replaceChildren(el("p", { class: "figure" }, headline), el("p", {}, person(text)));
  byId("log").prepend(el("li", {}, `${new Date().toLocaleTimeString()} · ${headline} · `, person(text), ...more));
  while (byId("log").children.length > LOG_LENGTH) byId("log").lastChild.remove();
}

async function enter(text) {
  problem(null);
  const ticket = readTicket(text);
  if (ticket === undefined) return find(text);
  byId("found").hidden = true;
  if (ticket === null) return say("bad", "No ticket", "This is not a ticket's code.");
  if (ticket.event !== eventId) return say("bad", "Another event", "This ticket is for another event.");
  try {
    welcome(await checkIn(ticket.named));
  } catch (trouble) {
    say(...refusal(trouble));
  }
}

function welcome(guest) {
  const press = async ({ currentTarget }) => {
    const done = await attempt(() => undo(guest.reference));
    if (!done) return;
    currentTarget.remove();
    changed(done);
  };
  say("good", "Welcome", guest.name, " ", el("button", { type: "button", class: "plain", onclick: press }, "Undo"));
  count();
}

// After a button of the list, or an undoing.
function changed(guest) {
  if (guest.checked_in_at) welcome(guest);
  else {
    say("warn", "Undone", `${guest.name} is not checked in.`);
    count();
  }
  if (!byId("found").hidden) found.again();
}

function refusal({ code, message, errors }) {
  if (code === "already_checked_in") return ["bad", "Already in", `Checked in at ${shortMoment(errors.checked_in_at[0])}.`];
  if (code === "not_confirmed") return ["bad", "No seat", "This registration has no seat."];
  if (code === "ticket_not_found") return ["bad", "Unknown", "There is no such ticket at your events."];
  return ["warn", "Try again", code ? message : "The service cannot be reached. No one was checked in."];
}

// By name: the guests whose names have the text in them, each with a button.
const found = new List("rows", (guest) => el("tr", {}, el("td", {}, person(guest.name)), el("td", { class: "quiet" }, guest.reference), el("td", {}, entry(guest, changed))), "No guest with a seat has this name.");

async function find(text) {
  byId("found").hidden = false;
  byId("rows").setAttribute("aria-busy", "true");
  await found.load(`${guests}?page_size=10&search=${encodeURIComponent(text)}`);
}

// How many of the tickets are in, whichever entrance they came by.
const counting = new Timer(count);

async function count() {
  counting.set(COUNT_MS);
  const [inside, all] = (await refresh(() => Promise.all(["&checked_in=true", ""].map((which) => api("GET", `${guests}?page_size=1${which}`))))) ?? [];
  const text = all && `${number(inside.total_items)} of ${number(all.total_items)} are in`;
  if (text && text !== byId("count").textContent) byId("count").textContent = text;
}

byId("entry-form").addEventListener("submit", async (sent) => {
  sent.preventDefault();
  const code = byId("code");
  if (busy || !code.value.trim()) return;
  busy = true;
  await enter(code.value.trim());
  busy = false;
  code.value = "";
  code.focus();
});

const camera = new Camera(byId("video"), async (text) => {
  if (busy) return;
  busy = true;
  await enter(text);
  busy = false;
});

byId("scan").addEventListener("click", async () => {
  byId("scan").disabled = true;
  const trouble = await (camera.on ? camera.stop() : camera.start());
  byId("scan").disabled = false;
  byId("scan").textContent = camera.on ? "Stop the camera" : "Use this device's camera";
  if (trouble) say("warn", "No camera", trouble);
});
byId("scan-row").hidden = !navigator.mediaDevices;
showHead();
count();
