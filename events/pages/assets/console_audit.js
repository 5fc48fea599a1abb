// What was done, newest first.

import { row } from "./dom.js";
import { List } from "./list.js";
import { shortMoment } from "./times.js";

const words = (text) => text.replaceAll("_", " ");

function shown(entry) {
  const by = entry.actor === "organizer" ? `token ${entry.token_id}` : entry.actor;
  const what = [entry.object_type, entry.object_id].filter(Boolean).join(" ");
  return row(shortMoment(entry.at), words(entry.action), words(what) || "–", by, entry.address ?? "–");
}

new List("rows", shown, "No actions yet.").load("/audit?page_size=50");
