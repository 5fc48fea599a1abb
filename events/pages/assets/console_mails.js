// Mails to an event's guests that were not delivered, or wait.

import { byId, el, here, number, row } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { label } from "./labels.js";
import { say } from "./language.js";
import { List } from "./list.js";
import { shortMoment } from "./times.js";

const path = `/events/${eventId}/mails?page_size=50`;
const state = byId("state");

function result(mail) {
  const why = mail.error ? (label("mail-errors", mail.error) ?? mail.error) : "";
  const status = mail.status ? ` (${mail.status})` : "";
  const code = { pending: "next-at", bounced: "refused" }[mail.state] ?? "given-up";
  return say(why ? `${code}-since` : code, { time: shortMoment(mail.next_attempt_at), why }) + status;
}

function shown(mail) {
  const guest = el("a", { href: here(`/console/events/${eventId}/attendees?reference=${mail.reference}`) }, el("code", {}, mail.reference));
  return row(guest, label("mail-kinds", mail.kind) ?? mail.kind, shortMoment(mail.created_at), number(mail.attempts), result(mail));
}

const list = new List("rows", shown, say("none"));

function load() {
  list.load(state.value ? `${path}&state=${state.value}` : path);
}

state.addEventListener("change", load);
showHead();
load();
