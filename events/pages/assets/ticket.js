// The ticket's page: updates the position in line and the time left. Everything else is rendered by the server, and
// fetched again when the status changes.

import { jittered, onReturn } from "./clock.js";
import { carried, length, number, say } from "./language.js";
import { offerReceipt } from "./receipts.js";
import { showMemory } from "./ticket_memory.js";
import { TimeLeft } from "./time_left.js";
import { oneAtATime, Timer } from "./timer.js";
import { localTimes } from "./times.js";

const SLOW_MS = 60000; // A seat may still be cancelled, and an open page shows it.
const STREAM_AGAIN_MS = 45000; // In case a stream is silent because it is broken.
const TIMEOUT_MS = 20000; // Only one request runs at a time: one that hangs must end.
const MOVING = ["queued", "entered", "held", "waitlisted"];
const ENDS = ["rejected", "expired", "cancelled", "lost"];
const byId = (id) => document.getElementById(id);
const ticket = () => byId("ticket").dataset;
const url = `/registrations/${ticket().ticket}`;
let start = Number(ticket().position);
let stream = null;
const next = new Timer(() => ask());
const left = new TimeLeft((text) => (byId("announce").textContent = text), () => {
  // The draw takes a while, and the stream tells its result: all who are in it would ask at once.
  if (ticket().status === "held") ask();
});
const token = new URLSearchParams(location.hash.slice(1)).get("token");
let said = 0;

// One function for all updates, wherever they come from

async function take(news) {
  const { status, pending, inside, until } = ticket();
  trouble(!navigator.onLine); // Responses on their way still arrive when the browser goes offline.
  // A hold that begins anew when an address is proved keeps the status.
  const held = (news.expires_at ?? "") === until;
  const same = news.status === status && held && (news.checked_in_quantity ?? 0) === Number(inside);
  if (!same) return refresh();
  if (pending === undefined && news.position) move(news);
  if (byId("unlikely")) byId("unlikely").hidden = !news.unlikely;
}

function move({ position, estimated_seconds }) {
  byId("position").textContent = number(position);
  const line = byId("line");
  start = Math.max(start, position);
  if (line) [line.max, line.value] = [start, start - position + 1];
  if (byId("wait") && estimated_seconds !== undefined) byId("wait").textContent = waitWords(estimated_seconds);
  announce(position);
}

// A screen reader announces the position now and then, not with every step.
function announce(position) {
  if (Date.now() - said < 20000) return;
  said = Date.now();
  byId("announce").textContent = say("number-in-line", { position: number(position) });
}

function waitWords(seconds) {
  if (seconds < 1.5) return say("wait-second");
  const soon = seconds < 90;
  return say("wait-about", { time: length(Math.round(soon ? seconds : seconds / 60), soon ? "second" : "minute") });
}

const refresh = oneAtATime(async () => {
  const answer = await fetch(location.pathname + carried, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
});

function replace(page) {
  byId("ticket").replaceWith(document.importNode(page.getElementById("ticket"), true));
  document.title = page.title;
  start = Number(ticket().position);
  left.show(ticket(), performance.now());
  localTimes(byId("ticket"));
  showMemory(ticket());
  byId("announce").textContent = byId("status").textContent;
  fillIn();
  plainAddress();
  plan();
}

// The mail's link brings the token in its fragment, which browsers send nowhere. Nothing is confirmed without a click.
// The page in another language gets it in the same way.
function fillIn() {
  if (!token || !byId("token")) return;
  byId("token").value = token;
  for (const link of document.querySelectorAll(".languages a")) link.hash = `token=${token}`;
}

// Reloading shows the ticket's status, not what was once being done.
function plainAddress() {
  if (ticket().pending === undefined) history.replaceState(null, "", location.pathname + carried);
}

// Sources of updates: the event stream while it is open, otherwise polls, no sooner than Retry-After says

function plan() {
  next.stop();
  const { status, pending } = ticket();
  const moving = pending === undefined && MOVING.includes(status);
  listen(moving);
  if (ENDS.includes(status)) return;
  const wait = status === "confirmed" && pending === undefined ? SLOW_MS : Number(ticket().retry) * 1000;
  next.set(jittered(stream ? STREAM_AGAIN_MS : wait));
}

function listen(wanted) {
  if (!wanted || !window.EventSource) {
    stream?.close();
    stream = null;
    return;
  }
  if (stream) return;
  stream = new EventSource(`${url}/events`);
  stream.onmessage = (event) => heard(event.data);
  stream.onerror = () => {
    listen(false);
    next.set(jittered(Number(ticket().retry) * 1000));
  };
}

function heard(text) {
  take(JSON.parse(text)).catch(() => trouble(true));
}

const ask = oneAtATime(async () => {
  try {
    const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const seconds = Number(answer.headers.get("Retry-After"));
    if (seconds) ticket().retry = seconds;
    if (!answer.ok) throw new Error(String(answer.status));
    await take((await answer.json()).data);
  } catch {
    trouble(true);
  }
  plan();
});

function trouble(there) {
  byId("trouble").hidden = !there;
}

localTimes();
showMemory(ticket());
fillIn();
plainAddress();
left.show(ticket());
offerReceipt(byId("receipt"), ticket().ticket);
if (byId("line")) move({ position: start });
window.addEventListener("offline", () => trouble(true));
onReturn(() => {
  left.sync();
  listen(false);
  next.stop();
  ask();
});
plan();
byId("ticket").dataset.ready = "";
