// Mails to an event's guests that were not delivered, or wait, and all about one ticket.

import { api } from "./api.js";
import { byId, el, here, number, refresh, row } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { label } from "./labels.js";
import { length, say } from "./language.js";
import { List } from "./list.js";
import { shortMoment } from "./times.js";
import { Timer } from "./timer.js";

const path = `/events/${eventId}/mails?page_size=50`;
const [state, reference] = [byId("state"), byId("reference")];
// A mailer looks once a second: what waits for longer waits for the mailer itself, or for the mail server.
const LATE_SECONDS = 60;
const LOOK_MS = 10000;
const CODES = { pending: "next-at", bounced: "refused", failed: "given-up", skipped: "not-sent" };

function result(mail) {
  if (mail.state === "sent") return say("sent-at", { time: shortMoment(mail.last_attempt_at) });
  const why = mail.error ? (label("mail-errors", mail.error) ?? mail.error) : "";
  const status = mail.status ? ` (${mail.status})` : "";
  const code = CODES[mail.state];
  return say(why ? `${code}-since` : code, { time: shortMoment(mail.next_attempt_at), why }) + status;
}

function shown(mail) {
  const guest = el("a", { href: here(`/console/events/${eventId}/attendees?reference=${mail.reference}`) }, el("code", {}, mail.reference));
  return row(guest, label("mail-kinds", mail.kind) ?? mail.kind, shortMoment(mail.created_at), number(mail.attempts), result(mail));
}

const list = new List("rows", shown, say("none"));

function load() {
  const asked = reference.value.trim();
  list.load(asked ? `${path}&reference=${encodeURIComponent(asked)}` : state.value ? `${path}&state=${state.value}` : path);
}

// Says where mail does not keep up, by its age, and why it is held back.
async function look() {
  const status = await refresh(() => api("GET", `/events/${eventId}/mail-status`));
  if (!status) return;
  const seconds = status.oldest_pending_seconds;
  const late = byId("late");
  late.hidden = seconds < LATE_SECONDS;
  const held = byId("held");
  held.hidden = !status.problem;
  const why = status.problem ? say("held", { why: label("mail-errors", status.problem) }) : "";
  if (held.textContent !== why) held.textContent = why;
  const told = say("late", { time: length(Math.floor(seconds / 60), "minute") });
  if (late.textContent !== told) late.textContent = told;
}

const looking = new Timer(async () => {
  await look();
  looking.set(LOOK_MS);
});

state.addEventListener("change", () => {
  reference.value = "";
  load();
});
byId("filter").addEventListener("submit", (sent) => {
  sent.preventDefault();
  load();
});
reference.value = new URLSearchParams(location.search).get("reference") ?? "";
showHead();
load();
looking.set(0);
