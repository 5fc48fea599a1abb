// The holds of an event that run out next, on its live screen.

import { api } from "./api.js";
import { byId, fill, number, refresh, row } from "./dom.js";
import { eventId } from "./head.js";
import { named } from "./named.js";
import { clockTime } from "./times.js";
import { oneAtATime, Timer } from "./timer.js";

const EVERY_MS = 5000;
const SHOWN = 10;
const url = `/events/${eventId}/attendees?status=held&page_size=${SHOWN}`;
const asking = new Timer(() => ask());

const ask = oneAtATime(async () => {
  const found = await refresh(() => api("GET", url));
  asking.set(EVERY_MS);
  if (!found) return;
  const rest = found.total_items - found.results.length;
  byId("holds-count").textContent = rest > 0 ? `and ${number(rest)} later` : "";
  fill("holds-rows", found.results.map((one) => row(named(one), one.reference, clockTime(one.expires_at))), "No seat is set aside.");
});

// Shows what is held; of an event without holds, nothing.
export function showHolds({ hold, held_count: held }, stats) {
  const there = Boolean(hold) || held > 0;
  for (const id of ["held", "holds"]) byId(id).hidden = !there;
  byId("f-held").textContent = number(stats.held);
  if (there && !asking.running) ask();
}
