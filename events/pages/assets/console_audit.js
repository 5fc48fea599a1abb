// What was done, newest first.

import { byId, el, here, row } from "./dom.js";
import { label } from "./labels.js";
import { filled, say } from "./language.js";
import { List } from "./list.js";
import { shortMoment } from "./times.js";

const words = (text) => text.replaceAll("_", " ");

// The guest, or the event, that an entry is about.
function about({ object_type: type, object_id: id }) {
  const text = label("objects", type);
  const what = text === undefined ? words([type, id].filter(Boolean).join(" ")) || "–" : filled(text, { id });
  if (type === "ticket") return el("a", { href: here(`/console/events/${id.split("-")[0]}/attendees?reference=${encodeURIComponent(id)}`) }, what);
  if (type === "event") return el("a", { href: here(`/console/events/${id}`) }, what);
  return what;
}

function shown(entry) {
  const by = entry.actor === "organizer" ? say("by-token", { id: entry.token_id }) : (label("actors", entry.actor) ?? entry.actor);
  return row(shortMoment(entry.at), label("actions", entry.action) ?? words(entry.action), about(entry), by, entry.address ?? "–");
}

const ticket = new URLSearchParams(location.search).get("ticket");
const asked = new URLSearchParams({ page_size: 50, ...(ticket && { object_type: "ticket", object_id: ticket }) });
byId("given").hidden = !ticket;
byId("given-text").textContent = say("given", { reference: ticket });
new List("rows", shown, say("none")).load(`/audit?${asked}`);
