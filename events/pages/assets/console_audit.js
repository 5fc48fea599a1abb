// What was done, newest first.

import { api } from "./api.js";
import { attempt, fill, pager, row } from "./dom.js";
import { shortMoment } from "./times.js";

const words = (text) => text.replaceAll("_", " ");

function shown(entry) {
  const by = entry.actor === "organizer" ? `token ${entry.token_id}` : entry.actor;
  const what = [entry.object_type, entry.object_id].filter(Boolean).join(" ");
  return row(shortMoment(entry.at), words(entry.action), words(what) || "–", by, entry.address ?? "–");
}

async function load(url) {
  const data = await attempt(() => api("GET", url));
  if (!data) return;
  fill("rows", data.results.map(shown), "No actions yet.");
  pager(data, load);
}

load("/audit?page_size=50");
