// A drop as it happens, and its last hours: figures and charts from the event's statistics, asked for once a second.

import { api } from "./api.js";
import { Chart } from "./chart.js";
import { attempt, byId, decimal, number, refresh } from "./dom.js";
import { showHolds } from "./console_holds.js";
import { showPause } from "./event_actions.js";
import { showErrors } from "./forms.js";
import { eventId, paint, showHead } from "./head.js";
import { labels } from "./labels.js";
import { length, say, sayCount } from "./language.js";
import { sampleOf, samplesOf } from "./past.js";
import { readTableAgain, startTable } from "./step_table.js";
import { seen } from "./text.js";
import { oneAtATime, Timer } from "./timer.js";
import { clockTime } from "./times.js";
import { showTypes } from "./type_cards.js";

const EVERY_MS = 1000;
const HOUR_MS = 60 * 60 * 1000;
const SHORTEST_MS = 60 * 1000;

let event = null;
let samples = null;
let readAgain = 0;
let live = false;

const chart = (id, title, series, more = {}) => new Chart(byId(id), { title, series, ...more });
const charts = [
  chart("c-queue", say("queue"), [{ name: say("waiting"), read: (s) => s.queued }], { area: true }),
  chart("c-rates", say("per-second"), [
    { name: say("admitted"), read: (s) => s.admitted_per_second },
    { name: say("decided"), read: (s) => s.decided_per_second },
  ]),
  chart("c-seats", say("seats-chart"), [{ name: say("confirmed"), read: (s) => s.confirmed }, { name: say("held"), read: (s) => s.held ?? 0 }, { name: say("waitlisted"), read: (s) => s.waitlisted }], {
    area: true,
    ceiling: () => event?.max_capacity ?? 1,
  }),
  chart("c-given-back", say("given-back"), [{ name: say("cancelled"), read: (s) => s.cancelled }, { name: say("ran-out"), read: (s) => s.expired }]),
  chart("c-rejected", say("turned-away"), labels("rejections").map(([code, name]) => ({ name, read: (s) => s.rejected[code] ?? 0 }))),
];

function figures(stats) {
  const taken = stats.confirmed + stats.held;
  byId("f-confirmed").textContent = number(taken);
  byId("f-capacity").textContent = say("of", { number: number(event.max_capacity) });
  byId("f-seats").max = event.max_capacity;
  byId("f-seats").value = taken;
  byId("f-queued").textContent = number(stats.queued);
  byId("f-oldest").textContent = stats.queued ? say("first-waits", { time: length(Math.round(10 * stats.oldest_queued_seconds) / 10, "second") }) : say("none-waits");
  byId("f-admitted").textContent = decimal(stats.admitted_per_second);
  byId("f-decided").textContent = decimal(stats.decided_per_second);
  byId("f-waitlisted").textContent = number(stats.waitlisted);
  byId("f-cancelled").textContent = sayCount("cancelled-count", stats.cancelled);
}

// Seats that are asked for in the draw, and how far it is.
function showDraw() {
  byId("entered").hidden = !event.draw_at;
  if (!event.draw_at) return;
  byId("f-entered").textContent = number(event.entered_count);
  byId("f-draw").textContent = say(`draw-${event.draw_state}`, { time: clockTime(event.draw_at) });
}

const hours = () => Number(byId("hours").value);

// The steps of the last hours are read at the beginning, when others are wanted and, where they are long, now and then.
// In the last hour the samples of every second are kept behind them, beyond that only the newest.
function take(stats) {
  const now = Date.now();
  if (samples === null) {
    samples = samplesOf(stats, now);
    readAgain = hours() === 1 ? Infinity : now + 1000 * stats.step_seconds;
  } else if (readAgain !== Infinity && live) {
    samples.pop();
  }
  samples.push(sampleOf(stats, event, now));
  live = true;
  while (samples[0].at < now - hours() * HOUR_MS) samples.shift();
  figures(stats);
  const span = Math.max(SHORTEST_MS, now - samples[0].at);
  for (const one of charts) one.draw(samples, now, span);
  showTypes(event, samples, now, span);
  byId("main").dataset.samples = samples.length;
}

function again() {
  [samples, live] = [null, false];
  measure();
  readTableAgain();
}

const measuring = new Timer(() => measure());

const measure = oneAtATime(async () => {
  await refresh(async () => {
    const [asked, fresh] = [hours(), samples === null || Date.now() > readAgain];
    const [now, stats] = await Promise.all([api("GET", `/events/${eventId}`), api("GET", `/events/${eventId}/stats?steps=${fresh}&hours=${asked}`)]);
    // Other hours were chosen meanwhile.
    if (asked !== hours() || (samples === null && !fresh)) return;
    if (fresh) samples = null;
    event = now;
    paint(event);
    showPause(event);
    showHolds(event, stats);
    showDraw();
    take(stats);
  });
  measuring.set(EVERY_MS);
});

byId("cancel-form").addEventListener("submit", async (sent) => {
  sent.preventDefault();
  const sure = seen(byId("sure").value) === seen(event.name);
  showErrors(byId("cancel-form"), sure ? {} : { sure: [say("not-the-name")] });
  if (!sure) return;
  const done = await attempt(() => api("POST", `/events/${eventId}/cancel`));
  if (done) byId("cancel").hidden = true;
});

event = await showHead();
if (event) {
  byId("cancel").hidden = event.registration_state === "cancelled";
  byId("hours").addEventListener("change", again);
  startTable(event, hours);
  measure();
}
