// The figures behind the charts, as a table: one row for each step, the newest first. Read while it is open.

import { api } from "./api.js";
import { byId, el, fill, number, person, refresh, row } from "./dom.js";
import { eventId } from "./head.js";
import { say } from "./language.js";
import { sumOf } from "./past.js";
import { oneAtATime, Timer } from "./timer.js";
import { clockTime } from "./times.js";

const REASONS = ["sold_out", "duplicate", "registration_closed", "event_cancelled", "invalid"];
const HEAD = ["began", "admitted", "decided", "waiting", "confirmed", "held", "waitlisted", "cancelled", "ran-out", "turned-away"];
const asking = new Timer(() => ask());
let wanted = () => 1;
let types = [];

function shown({ at, admitted, queued, confirmed, held, waitlisted, decided, ticket_types: counts }) {
  const turnedAway = REASONS.reduce((sum, reason) => sum + (decided[reason] ?? 0), 0);
  const figures = [admitted, sumOf(decided), queued, confirmed, held, waitlisted, decided.cancelled ?? 0, decided.expired ?? 0, turnedAway];
  const byId = new Map(counts.map((one) => [one.id, one]));
  const ofTypes = types.map(({ id }) => (byId.has(id) ? say("of-type", { taken: number(byId.get(id).taken), waiting: number(byId.get(id).waitlisted) }) : "–"));
  return row(clockTime(at), ...figures.map(number), ...ofTypes);
}

const ask = oneAtATime(async () => {
  if (!byId("table").open) return;
  const found = await refresh(() => api("GET", `/events/${eventId}/stats?hours=${wanted()}`));
  asking.set(1000 * (found?.step_seconds ?? 10));
  if (!found) return;
  byId("table-head").replaceChildren(...HEAD.map((text) => el("th", { scope: "col" }, say(text))), ...types.map(({ name }) => el("th", { scope: "col" }, person(name))));
  fill("table-rows", found.steps.toReversed().map(shown), say("none"));
});

// `hours()` says how many are wanted.
export function startTable(event, hours) {
  [types, wanted] = [event.ticket_types, hours];
  byId("table").addEventListener("toggle", ask);
}

export const readTableAgain = () => ask();
