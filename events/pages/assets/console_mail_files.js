// Mails that are kept as files, newest first, and one of them as a mail program shows it.

import { api } from "./api.js";
import { attempt, byId, el, here, person, row } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { say } from "./language.js";
import { List } from "./list.js";
import { shortMoment } from "./times.js";

const files = `/events/${eventId}/mail-files`;

async function show({ name }) {
  const mail = await attempt(() => api("GET", `${files}/${name}`));
  if (!mail) return;
  byId("subject").replaceChildren(person(mail.subject));
  byId("attached").hidden = !mail.attachments.length;
  byId("attached").textContent = say("attached", { files: mail.attachments.join(", ") });
  byId("text").textContent = mail.text;
  // The frame may run nothing, and has an origin of its own.
  byId("frame").src = `${files}/${name}/html`;
  byId("shown").hidden = false;
  byId("subject").focus();
}

function ticket(reference) {
  return el("a", { href: here(`/console/events/${eventId}/attendees?reference=${encodeURIComponent(reference)}`) }, reference);
}

function shown(mail) {
  const button = el("button", { type: "button", "aria-label": say("show-of", { subject: mail.subject, address: mail.to }), onclick: () => show(mail) }, say("show"));
  return row(shortMoment(mail.kept_at), person(mail.to), person(mail.subject), ticket(mail.reference), button);
}

await showHead();
new List("rows", shown, say("none")).load(`${files}?page_size=20`);
