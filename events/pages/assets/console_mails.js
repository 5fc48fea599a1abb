// Mails to an event's guests that were not delivered, or wait.

import { byId, el, number, row } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { List } from "./list.js";
import { shortMoment } from "./times.js";

const path = `/events/${eventId}/mails?page_size=50`;
const state = byId("state");

const ABOUT = {
  entered: "In the draw", confirmed: "Confirmed", waitlisted: "On the waitlist", promoted: "Moved up", held: "Held",
  offered: "Offered", expired: "Hold over", rejected: "Not drawn", cancelled: "Cancelled",
  event_cancelled: "Event cancelled", event_changed: "Event changed", reminder: "Reminder", resend: "Ticket again",
  verify: "Proof of the address",
};
const WHY = {
  recipient: "the address is refused", policy: "the mail server refuses us", sender: "our sender is refused",
  content: "the content is refused", server: "the mail server has a problem", connection: "the mail server is away",
  tls: "its certificate is not trusted", login: "our login is refused", limit: "too many mails to this address",
  smtputf8: "the mail server cannot write this address",
};

function result(mail) {
  const why = mail.error ? `: ${WHY[mail.error] ?? mail.error}` : "";
  const said = mail.status ? ` (${mail.status})` : "";
  if (mail.state === "pending") return `Next at ${shortMoment(mail.next_attempt_at)}${why}${said}`;
  return `${mail.state === "bounced" ? "Refused" : "Given up"}${why}${said}`;
}

function shown(mail) {
  const guest = el("a", { href: `/console/events/${eventId}/attendees?reference=${mail.reference}` }, el("code", {}, mail.reference));
  return row(guest, ABOUT[mail.kind] ?? mail.kind, shortMoment(mail.created_at), number(mail.attempts), result(mail));
}

const list = new List("rows", shown, "None.");

function load() {
  list.load(state.value ? `${path}&state=${state.value}` : path);
}

state.addEventListener("change", load);
showHead();
load();
