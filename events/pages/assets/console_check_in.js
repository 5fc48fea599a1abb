// The entrance: type a ticket or a name, scan with a scanner that types, or use the camera; with or without a network.

import { api } from "./api.js";
import { Camera } from "./camera.js";
import { conflict, refusal } from "./check_in_texts.js";
import { checkIn, entry, seats, sentWith, stamped, undo } from "./check_ins.js";
import { attempt, byId, el, explain, number, person, problem } from "./dom.js";
import { eventId, paint } from "./head.js";
import { locale, say, sayCount } from "./language.js";
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
const queue = new OfflineQueue(list, { sent: (guest) => log(say("sent"), guest.name), conflict: showConflicts });

// `more` stands beside the line in the log.
function tell(state, headline, text, ...more) {
  verdict.dataset.state = state;
  verdict.replaceChildren(el("p", { class: "figure" }, headline), el("p", {}, person(text)));
  log(headline, text, ...more);
}

function log(headline, text, ...more) {
  byId("log").prepend(el("li", {}, `${new Date().toLocaleTimeString(locale)} · ${headline} · `, person(text), ...more));
  while (byId("log").children.length > LOG_LENGTH) byId("log").lastChild.remove();
}

async function enter(text) {
  problem(null);
  const ticket = readTicket(text);
  if (ticket === undefined) return find(text);
  byId("found").hidden = true;
  if (ticket === null) return tell("bad", say("no-ticket"), say("not-a-code"));
  if (ticket.event !== eventId) return tell("bad", say("other-event"), say("of-other-event"));
  const { code } = ticket.named;
  if (online && code && queue.isOpen(code)) await queue.send();
  const [stamp, some] = [stamped(list.now()), part()];
  // It is not sent yet: the service would let it in once more.
  if (code && queue.waitsSince(code)) return enterOffline(code, stamp, some.quantity);
  try {
    // The stamp makes it the same check-in again if the answer is lost and the device sends it later.
    welcome(await checkIn({ ...ticket.named, ...some, ...sentWith(stamp) }), stamp, some.quantity);
  } catch (trouble) {
    if (!unreachable(trouble)) return tell(...refusal(trouble));
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
  return [" ", el("button", { type: "button", class: "plain", onclick: press }, say("undo"))];
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
  tell("good", say("welcome"), [guest.name, seats(guest)].filter(Boolean).join(", "), ...undoButton(takeBack));
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
  tell("warn", say("undone"), guest.checked_in_at ? `${guest.name}, ${seats(guest)}` : say("not-in", { name: guest.name }));
  if (!byId("found").hidden) found.again();
  look();
}

// Without a network

async function enterOffline(code, stamp, people) {
  if (!code) return tell("warn", say("no-network"), say("only-codes"));
  const since = queue.waitsSince(code);
  const [result, seatsLeft] = await queue.admit(code, stamp, people);
  const time = shortMoment(list.readAt);
  if (result === "no-list") return tell("warn", say("try-again"), say("no-list"));
  if (result === "unknown") return tell("bad", say("not-on-list"), say("not-on-list-of", { time }));
  if (result === "inside") return tell("bad", say("already-in"), since ? say("let-in-here", { time: shortMoment(since) }) : say("in-by-list", { time }));
  if (result === "too-many") return tell("bad", say("too-many"), sayCount("left-by-list", seatsLeft, { time }));
  const takeBack = async () => {
    if (queue.withdraw(code, stamp)) tell("warn", say("undone"), say("not-in", { name: referenceOf(code) }));
    else takenBack(await undo(referenceOf(code), stamp), stamp);
    showState();
    return true;
  };
  tell("offline", say("offline"), sayCount("offline-by", seatsLeft, { reference: referenceOf(code), time }), ...undoButton(takeBack));
  showState();
}

function reached(yes) {
  online = yes;
  showState();
}

function showState() {
  const waits = queue.waiting;
  const parts = online ? [] : [say("away")];
  if (!online && list.readAt) parts.push(say("by-list", { time: shortMoment(list.readAt) }));
  if (waits) parts.push(sayCount("waiting", waits));
  const text = parts.join(" ");
  if (byId("offline").textContent !== text) byId("offline").textContent = text;
  byId("offline").hidden = !text;
  if (list.readAt && (pageKept || !online)) byId("ready").textContent = sayCount("ready", list.size, { time: shortMoment(list.readAt) });
}

function showConflicts() {
  const items = queue.conflicts.map((one) => {
    const settle = () => {
      queue.settle(one);
      showConflicts();
    };
    return el("li", {}, `${conflict(one)} `, el("button", { type: "button", onclick: settle }, say("seen")));
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
    if (trouble.name === "QuotaExceededError") problem(say("no-room"), "page");
    else if (unreachable(trouble)) reached(false);
    else explain(trouble, "page");
  }
  showState();
});

async function count() {
  const [inside, all] = await Promise.all(["&checked_in=true", ""].map((which) => api("GET", `${guests}?page_size=1${which}`, undefined, LOOK_MS)));
  const text = sayCount("inside", all.total_items, { inside: number(inside.total_items) });
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
const found = new List("rows", (guest) => el("tr", {}, el("td", {}, named(guest)), el("td", { class: "quiet" }, guest.reference), el("td", {}, entry(guest, changed))), say("none"));

async function find(text) {
  if (!online) return tell("warn", say("no-network"), say("only-online"));
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
  byId("scan").textContent = say(camera.on ? "camera-stop" : "camera-use");
  if (trouble) tell("warn", say("camera-none"), say(trouble));
});
byId("scan-row").hidden = !navigator.mediaDevices;

addEventListener("online", () => look());
await list.restore();
showConflicts();
showState();
showHead();
look();
