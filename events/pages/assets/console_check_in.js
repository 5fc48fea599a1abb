// The entrance: type a ticket or a name, scan with a scanner that types, or use the camera; with or without a network.

import { api } from "./api.js";
import { Camera } from "./camera.js";
import { conflict, refusal } from "./check_in_texts.js";
import { checkIn, entry, seats, sentWith, stamped, undo } from "./check_ins.js";
import { attempt, byId, el, explain, number, person, problem } from "./dom.js";
import { eventId, paint } from "./head.js";
import { List } from "./list.js";
import { knowTypes, named } from "./named.js";
import { keep, keepPage, kept, possible } from "./offline_page.js";
import { OfflineList } from "./offline_list.js";
import { OfflineQueue, unreachable } from "./offline_queue.js";
import { readTicket, referenceOf } from "./ticket_codes.js";
import { oneAtATime, Timer } from "./timer.js";
import { shortMoment } from "./times.js";

const LOOK_MS = 15_000;
const LIST_MS = 300_000;
const LOG_LENGTH = 20;
const event = `/events/${eventId}`;
const guests = `${event}/attendees`;
const verdict = byId("verdict");
let busy = false;
let online = true;
let listDue = 0;
let pageKept = false;

const list = new OfflineList();
const queue = new OfflineQueue(list, { sent: (guest) => log("Sent", guest.name), conflict: showConflicts });

// `more` stands beside the line in the log.
function say(state, headline, text, ...more) {
  verdict.dataset.state = state;
  verdict.replaceChildren(el("p", { class: "figure" }, headline), el("p", {}, person(text)));
  log(headline, text, ...more);
}

function log(headline, text, ...more) {
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
  const { code } = ticket.named;
  if (online && code && queue.isOpen(code)) await queue.send();
  const [stamp, some] = [stamped(list.now()), part()];
  // It is not sent yet: the service would let it in once more.
  if (code && queue.waitsSince(code)) return enterOffline(code, stamp, some.quantity);
  try {
    // The stamp makes it the same check-in again if the answer is lost and the device sends it later.
    welcome(await checkIn({ ...ticket.named, ...some, ...sentWith(stamp) }), stamp, some.quantity);
  } catch (trouble) {
    if (!unreachable(trouble)) return say(...refusal(trouble));
    reached(false);
    await enterOffline(code, stamp, some.quantity);
  }
}

// How many of a group come in now; all of it unless a number is entered.
function part() {
  const people = Number(byId("part").value);
  byId("part").value = "";
  return people ? { quantity: people } : {};
}

function undoButton(work) {
  const press = async ({ currentTarget }) => {
    const done = await attempt(work);
    if (done) currentTarget.remove();
  };
  return [" ", el("button", { type: "button", class: "plain", onclick: press }, "Undo")];
}

function welcome(guest, stamp, people = guest.quantity) {
  reached(true);
  if (list.readAt) queue.enteredOnline(guest.reference, stamp ?? stamped(list.now()), people);
  // Of a group that came in parts, this one.
  const only = people < guest.quantity ? stamp : undefined;
  const takeBack = async () => {
    const done = await undo(guest.reference, only);
    takenBack(done, only);
    return done;
  };
  say("good", "Welcome", [guest.name, seats(guest)].filter(Boolean).join(", "), ...undoButton(takeBack));
  look();
}

// After a button of the list, or an undoing.
function changed(guest) {
  if (!guest.checked_in_at) return takenBack(guest);
  welcome(guest);
  if (!byId("found").hidden) found.again();
}

function takenBack(guest, stamp) {
  queue.undone(guest.reference, stamp);
  listDue = 0; // the list may say that the guest is in
  say("warn", "Undone", guest.checked_in_at ? `${guest.name}, ${seats(guest)}` : `${guest.name} is not checked in.`);
  if (!byId("found").hidden) found.again();
  look();
}

// Without a network

async function enterOffline(code, stamp, people) {
  if (!code) return say("warn", "No network", "Only codes can be checked without a network.");
  const since = queue.waitsSince(code);
  const [result, seatsLeft] = await queue.admit(code, stamp, people);
  const of = list.readAt ? `the list of ${shortMoment(list.readAt)}` : "";
  if (result === "no list") return say("warn", "Try again", "The service cannot be reached, and this device has no list. No one was checked in, as far as we know.");
  if (result === "unknown") return say("bad", "Not on the list", `No network: this ticket is not on ${of}.`);
  if (result === "inside") return say("bad", "Already in", since ? `Let in here at ${shortMoment(since)}.` : `No network: this ticket is in, says ${of}.`);
  if (result === "too many") return say("bad", "Too many", `No network: ${number(seatsLeft)} of this ticket are still to come in, says ${of}.`);
  const takeBack = async () => {
    if (queue.withdraw(code, stamp)) say("warn", "Undone", `${referenceOf(code)} is not checked in.`);
    else takenBack(await undo(referenceOf(code), stamp), stamp);
    showState();
    return true;
  };
  const several = seatsLeft > 1 ? `${number(seatsLeft)} people, ` : "";
  say("offline", "Let in offline", `${several}${referenceOf(code)}, by ${of}. Not sent yet.`, ...undoButton(takeBack));
  showState();
}

function reached(yes) {
  online = yes;
  showState();
}

function showState() {
  const waits = queue.waiting;
  const parts = online ? [] : ["The service cannot be reached."];
  if (!online && list.readAt) parts.push(`This device lets in by the list of ${shortMoment(list.readAt)}.`);
  if (waits) parts.push(`${number(waits)} ${waits === 1 ? "check-in waits" : "check-ins wait"} to be sent.`);
  const text = parts.join(" ");
  if (byId("offline").textContent !== text) byId("offline").textContent = text;
  byId("offline").hidden = !text;
  if (list.readAt && (pageKept || !online)) byId("ready").textContent = `Works without a network: ${number(list.size)} tickets, read ${shortMoment(list.readAt)}.`;
}

function showConflicts() {
  const items = queue.conflicts.map((one) => {
    const settle = () => {
      queue.settle(one);
      showConflicts();
    };
    return el("li", {}, conflict(one), el("button", { type: "button", onclick: settle }, "Seen"));
  });
  byId("conflict-list").replaceChildren(...items);
  byId("conflicts").hidden = !items.length;
}

// What the page does by itself: whether the service is there, what waits for it, how many are in, and a fresh list.
const looking = new Timer(() => look());
const look = oneAtATime(async () => {
  looking.set(LOOK_MS);
  try {
    await count();
    reached(true);
    await queue.send();
    await readList();
    if (possible && !pageKept) await keepPage();
    pageKept = possible;
  } catch (trouble) {
    if (trouble.name === "QuotaExceededError") problem("This device has no room for what the page needs without a network.", "page");
    else if (unreachable(trouble)) reached(false);
    else explain(trouble, "page");
  }
  showState();
});

async function count() {
  const [inside, all] = await Promise.all(["&checked_in=true", ""].map((which) => api("GET", `${guests}?page_size=1${which}`, undefined, LOOK_MS)));
  const text = `${number(inside.total_items)} of ${number(all.total_items)} are in`;
  if (text !== byId("count").textContent) byId("count").textContent = text;
}

async function readList() {
  if (!possible || performance.now() < listDue) return;
  await list.refresh();
  queue.tidy();
  listDue = performance.now() + LIST_MS;
}

async function showHead() {
  try {
    const found = await api("GET", event, undefined, LOOK_MS);
    knowTypes(found);
    paint(found);
    if (possible) await keep(event, found);
  } catch (trouble) {
    const known = possible && (await kept(event));
    knowTypes(known);
    if (known) paint(known);
    else explain(trouble, "page");
  }
}

// By name: the guests whose names have the text in them, each with a button.
const found = new List("rows", (guest) => el("tr", {}, el("td", {}, named(guest)), el("td", { class: "quiet" }, guest.reference), el("td", {}, entry(guest, changed))), "No guest with a seat has this name.");

async function find(text) {
  if (!online) return say("warn", "No network", "Names can be searched only with a network.");
  byId("found").hidden = false;
  byId("rows").setAttribute("aria-busy", "true");
  await found.load(`${guests}?page_size=10&search=${encodeURIComponent(text)}`);
}

// One guest after the other, from wherever the code comes.
async function enterNext(text) {
  if (busy) return;
  busy = true;
  // Whatever goes wrong, as a device without room: it is said, and the next one can come.
  await enter(text).catch(explain);
  busy = false;
}

byId("entry-form").addEventListener("submit", async (sent) => {
  sent.preventDefault();
  const code = byId("code");
  if (busy || !code.value.trim()) return;
  await enterNext(code.value.trim());
  code.value = "";
  code.focus();
});

const camera = new Camera(byId("video"), enterNext);

byId("scan").addEventListener("click", async () => {
  byId("scan").disabled = true;
  const trouble = await (camera.on ? camera.stop() : camera.start());
  byId("scan").disabled = false;
  byId("scan").textContent = camera.on ? "Stop the camera" : "Use this device's camera";
  if (trouble) say("warn", "No camera", trouble);
});
byId("scan-row").hidden = !navigator.mediaDevices;

addEventListener("online", () => look());
await list.restore();
showConflicts();
showState();
showHead();
look();
