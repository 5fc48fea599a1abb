// The event's page: local times, the countdown, the number of seats, and a form that can safely be sent twice.

import { Clock, jittered, onReturn } from "./clock.js";
import { label, shownState } from "./labels.js";
import { carried, fieldError, number, say, sayCount } from "./language.js";
import { showMyTickets } from "./my_tickets.js";
import { keepReceipt } from "./receipts.js";
import { remember } from "./remembered.js";
import { oneAtATime, Timer } from "./timer.js";
import { countdown, localTimes } from "./times.js";

const LOOK_AGAIN_MS = 10000;
const TIMEOUT_MS = 20000; // Only one request runs at a time: one that hangs must end.
const RETRY_CODES = ["registration_not_open", "registration_paused", "rate_limited", "queue_full", "unavailable", "offline"];

const page = document.getElementById("event");
const form = document.getElementById("form");
const button = document.getElementById("send");
const byId = (id) => document.getElementById(id);
const clock = new Clock(Number(page.dataset.now));
const opens = Date.parse(page.dataset.opens);
let state = page.dataset.state;
let paused = Boolean(page.dataset.paused);

// What can be done now

function show(next) {
  if (next === state) return;
  state = page.dataset.state = next;
  for (const part of document.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(state);
  }
  paintChip();
  byId("announce").textContent = byId("chip").textContent;
}

function paintChip() {
  const chip = byId("chip");
  chip.dataset.state = shownState(state, paused);
  chip.textContent = label("states", chip.dataset.state) ?? "";
}

const ticking = new Timer(tick);
const watching = new Timer(watch);

function tick() {
  const left = opens - clock.now();
  if (state === "upcoming" && left <= 0) {
    show("open");
    watching.set(jittered(1500)); // So that not all browsers ask in the same instant.
  }
  byId("countdown").textContent = countdown(left);
  byId("countdown").hidden = false;
  if (state === "upcoming") ticking.set(Math.min(1000, Math.max(10, left % 1000 || 1000)));
}

const look = oneAtATime(async () => {
  try {
    const answer = await fetch(`/events/${page.dataset.id}`, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.ok) take((await answer.json()).data);
  } catch {
    // The next request will do.
  }
});

function pause(now) {
  if (now !== paused) byId("announce").textContent = now ? byId("paused").textContent : label("states", state) ?? "";
  paused = now;
  paintChip();
  byId("paused").hidden = !paused;
  button.disabled = paused || sending;
}

function take(event) {
  pause(event.registration_paused);
  byId("seats").textContent = number(event.seats_left);
  byId("capacity").textContent = number(event.max_capacity);
  byId("waitlist").textContent = number(Math.max(0, event.waitlist_capacity - event.waitlisted_count));
  for (const part of page.querySelectorAll("[data-held]")) part.hidden = !event.held_count;
  for (const part of page.querySelectorAll("[data-held-count]")) part.textContent = number(event.held_count);
  byId("entered")?.replaceChildren(number(event.entered_count));
  byId("taken").max = event.max_capacity;
  byId("taken").value = event.max_capacity - event.seats_left;
  for (const type of event.ticket_types) takeType(type);
  // The answer may be from just before the opening, and still say "upcoming".
  if (event.registration_state !== "upcoming" || clock.now() < opens) show(event.registration_state);
  if (state === "upcoming") tick();
}

function takeType({ id, seats_left, registration_state }) {
  const text = page.querySelector(`[data-left="${id}"]`);
  if (!text) return;
  const sells = registration_state === "open" || registration_state === "upcoming";
  text.textContent = sells ? sayCount("seats-left", seats_left) : label("states", registration_state) ?? "";
  form.querySelector(`[name=ticket_type][value="${id}"]`).disabled = !sells && registration_state !== "waitlist";
}

function watch() {
  look();
  watching.set(jittered(LOOK_AGAIN_MS));
}

// Sending

const FIELDS = ["name", "email", "ticket_type", "quantity", "code"];
const CODE_FAULTS = ["code_required", "code_invalid"];

function entered() {
  const { name, email, ticket_type: type, quantity, code } = form.elements;
  const found = { name: name.value.trim(), email: email.value.trim() };
  if (type) found.ticket_type = type.value ? Number(type.value) : null;
  if (quantity) found.quantity = Number(quantity.value);
  if (code?.value.trim()) found.code = code.value.trim();
  return { ...found, language: document.documentElement.lang };
}

let key = form.elements.key.value;
let keyIsFor = null;
let sending = false;
// Sending goes on while another tab is shown: a position in line may depend on it.
const retrying = new Timer(send, { whileHidden: true });

// The same details with the same key are the same registration, however often they are sent.
function keyFor(body) {
  if (keyIsFor !== null && keyIsFor !== body) key = newKey();
  keyIsFor = body;
  return key;
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send() {
  if (sending) return;
  retrying.stop();
  fault("name", entered().name ? "" : say("name-missing"));
  fault("email", form.elements.email.validity.valid && entered().email ? "" : say("email-wrong"));
  if (byId("ticket_type")) fault("ticket_type", entered().ticket_type ? "" : say("type-missing"));
  if (byId("quantity")) fault("quantity", byId("quantity").validity.valid ? "" : say("quantity-wrong"));
  if (byId("code")) fault("code", entered().code || !byId("code").required ? "" : label("messages", "code_required"));
  const wrong = form.querySelector("[aria-invalid=true]");
  if (wrong) return wrong.focus();
  sending = button.disabled = true;
  await post(JSON.stringify(entered()));
  sending = false;
  button.disabled = paused;
}

async function post(body) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": keyFor(body), Prefer: "receipt" };
  try {
    const answer = await fetch(`/events/${page.dataset.id}/register`, { method: "POST", headers, body });
    const found = await answer.json();
    if (answer.status === 202) {
      keepReceipt(found.data.ticket_id, found.data.receipt);
      const got = { at: new Date().toISOString(), ends: page.dataset.ends };
      remember(found.data.ticket_id, { event: Number(page.dataset.id), name: JSON.parse(body).name.trim(), ...got });
      return location.assign(`/t/${found.data.ticket_id}${carried}`);
    }
    refused(found, Number(answer.headers.get("Retry-After")));
  } catch {
    refused({ code: "offline" }, 3);
  }
}

function refused({ code, errors }, seconds) {
  problem(label("messages", code) ?? label("messages", "internal_error"));
  if (byId("problem-lost")) byId("problem-lost").hidden = code !== "duplicate_registration";
  for (const field of FIELDS) fault(field, errors?.[field]?.map(fieldError).join(" ") ?? "");
  if (CODE_FAULTS.includes(code)) fault("code", label("messages", code));
  if (errors || CODE_FAULTS.includes(code)) form.querySelector("[aria-invalid=true]")?.focus();
  if (code === "idempotency_key_reused") keyIsFor = "";
  if (RETRY_CODES.includes(code)) again(seconds || 3);
  else if (code !== "invalid") look();
}

function again(seconds) {
  byId("problem-retry").hidden = false;
  byId("problem-retry").textContent = say("again", { time: countdown(seconds * 1000) });
  retrying.set(seconds * 1000 + Math.random() * 1000);
}

function problem(text) {
  byId("problem").hidden = !text;
  byId("problem-text").textContent = text;
  byId("problem-retry").hidden = true;
}

function fault(field, text) {
  const input = byId(field);
  if (!input) return;
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
  byId(`${field}-error`).textContent = text;
}

// A link can bring a code in its fragment, which browsers send nowhere; it need not stay in the address either.
function takeCode() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (!code || !byId("code")) return;
  byId("code").value = code;
  history.replaceState(null, "", location.pathname + location.search);
}

localTimes();
takeCode();
showMyTickets(Number(page.dataset.id), page.dataset.ends, clock.now());
button.disabled = paused;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  problem("");
  send();
});
onReturn(() => {
  clock.sync().then(look, () => {});
  if (retrying.running) send();
});
if (state === "upcoming") tick();
watching.set(jittered(LOOK_AGAIN_MS));
page.dataset.ready = "";
