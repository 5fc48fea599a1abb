// What was done, newest first.

import { byId, el, row } from "./dom.js";
import { List } from "./list.js";
import { shortMoment } from "./times.js";

const words = (text) => text.replaceAll("_", " ");

// The guest, or the event, that an entry is about.
function about({ object_type: type, object_id: id }) {
  const what = words([type, id].filter(Boolean).join(" ")) || "–";
  if (type === "ticket") return el("a", { href: `/console/events/${id.split("-")[0]}/attendees?reference=${encodeURIComponent(id)}` }, `ticket ${id}`);
  if (type === "event") return el("a", { href: `/console/events/${id}` }, what);
  return what;
}

function shown(entry) {
  const by = entry.actor === "organizer" ? `token ${entry.token_id}` : entry.actor;
  return row(shortMoment(entry.at), words(entry.action), about(entry), by, entry.address ?? "–");
}

const ticket = new URLSearchParams(location.search).get("ticket");
const asked = new URLSearchParams({ page_size: 50, ...(ticket && { object_type: "ticket", object_id: ticket }) });
byId("given").hidden = !ticket;
byId("given-text").textContent = `What was done to ticket ${ticket}.`;
new List("rows", shown, "No actions yet.").load(`/audit?${asked}`);
