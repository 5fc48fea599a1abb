// The holds of an event that run out next, on its live screen.

import { api } from "./api.js";
import { byId, fill, number, refresh, row } from "./dom.js";
import { eventId } from "./head.js";
import { length, say } from "./language.js";
import { named } from "./named.js";
import { clockTime } from "./times.js";
import { oneAtATime, Timer } from "./timer.js";

const EVERY_MS = 5000;
const LEAST_MS = 5 * 60 * 1000;
const MOST = 100; // As many as a page has. The first of more are shown, with how many there are in all.
const asking = new Timer(() => ask());
let soonMs = LEAST_MS;

const ask = oneAtATime(async () => {
  const before = encodeURIComponent(new Date(Date.now() + soonMs).toISOString());
  const found = await refresh(() => api("GET", `/events/${eventId}/attendees?status=held&page_size=${MOST}&expires_before=${before}`));
  asking.set(EVERY_MS);
  if (!found) return;
  byId("holds-count").textContent = say("within", { number: number(found.total_items), time: length(Math.round(soonMs / 60000), "minute") });
  fill("holds-rows", found.results.map((one) => row(named(one), one.reference, clockTime(one.expires_at))), say("none-held"));
});

// Shows what is held, and of that what runs out in the last quarter of its time; of an event without holds, nothing.
export function showHolds({ hold, held_count: held }, stats) {
  const there = Boolean(hold) || held > 0;
  for (const id of ["held", "holds"]) byId(id).hidden = !there;
  byId("f-held").textContent = number(stats.held);
  soonMs = Math.max(LEAST_MS, (hold?.seconds ?? 0) * 250);
  if (there && !asking.running) ask();
}
