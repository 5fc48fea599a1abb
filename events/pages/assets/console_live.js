// A drop as it happens: figures and charts from the event's statistics, asked for once a second.

import { api } from "./api.js";
import { Chart } from "./chart.js";
import { attempt, byId, el, isolated, number, person, refresh } from "./dom.js";
import { showHolds } from "./console_holds.js";
import { showPause } from "./event_actions.js";
import { showErrors } from "./forms.js";
import { eventId, paint, showHead } from "./head.js";
import { labels } from "./labels.js";
import { seen } from "./text.js";
import { Timer } from "./timer.js";

const EVERY_MS = 1000;
const SPAN_MS = 60 * 60 * 1000;
const SHORTEST_MS = 60 * 1000;
const oneDigit = (value) => value.toLocaleString(undefined, { maximumFractionDigits: 1 });

let event = null;
let samples = null;

// The last hour as the service has it, before the page was opened: a sample at the end of each step.
function before({ step_seconds: seconds, steps, rejected: now }) {
  const rejected = { ...now };
  const found = [];
  for (const { at, admitted, queued, confirmed, waitlisted, decided } of steps.toReversed()) {
    const all = Object.values(decided).reduce((sum, value) => sum + value, 0);
    const rates = { admitted_per_second: admitted / seconds, decided_per_second: all / seconds };
    found.unshift({ at: Math.min(Date.parse(at) + seconds * 1000, Date.now()), queued, confirmed, waitlisted, rejected: { ...rejected }, ...rates });
    for (const reason of Object.keys(rejected)) rejected[reason] = Math.max(0, rejected[reason] - (decided[reason] ?? 0));
  }
  return found;
}

const chart = (id, title, series, more = {}) => new Chart(byId(id), { title, series, ...more });
const charts = [
  chart("c-queue", "Queue", [{ name: "Waiting", read: (s) => s.queued }], { area: true }),
  chart("c-rates", "Per second", [
    { name: "Admitted", read: (s) => s.admitted_per_second },
    { name: "Decided", read: (s) => s.decided_per_second },
  ]),
  chart("c-seats", "Seats", [{ name: "Confirmed", read: (s) => s.confirmed }, { name: "Held", read: (s) => s.held ?? 0 }, { name: "Waitlisted", read: (s) => s.waitlisted }], {
    area: true,
    ceiling: () => event?.max_capacity ?? 1,
  }),
  chart("c-rejected", "Turned away", labels("rejections").map(([code, name]) => ({ name, read: (s) => s.rejected[code] ?? 0 }))),
];

// What is taken of each ticket type.
function types() {
  byId("types").replaceChildren(
    ...event.ticket_types.map(({ name, capacity, seats_left: left, waitlisted_count: waiting }) =>
      el(
        "div",
        { class: "card" },
        el("p", { class: "label" }, person(name)),
        el("p", { class: "figure" }, number(capacity - left), " ", el("span", { class: "of quiet" }, `of ${number(capacity)}`)),
        el("progress", { max: capacity, value: capacity - left, "aria-label": `Seats taken: ${isolated(name)}` }),
        el("p", { class: "quiet small" }, waiting ? `${number(waiting)} waited for` : "\u00a0"),
      ),
    ),
  );
}

function figures(stats) {
  const taken = stats.confirmed + stats.held;
  byId("f-confirmed").textContent = number(taken);
  byId("f-capacity").textContent = `of ${number(event.max_capacity)}`;
  byId("f-seats").max = event.max_capacity;
  byId("f-seats").value = taken;
  byId("f-queued").textContent = number(stats.queued);
  byId("f-oldest").textContent = stats.queued ? `first one waits ${oneDigit(stats.oldest_queued_seconds)} s` : "no one is waiting";
  byId("f-admitted").textContent = oneDigit(stats.admitted_per_second);
  byId("f-decided").textContent = oneDigit(stats.decided_per_second);
  byId("f-waitlisted").textContent = number(stats.waitlisted);
  types();
  byId("f-cancelled").textContent = `${number(stats.cancelled)} cancelled`;
}

function take(stats) {
  samples ??= before(stats);
  samples.push({ ...stats, at: Date.now(), steps: undefined });
  while (samples[0].at < Date.now() - SPAN_MS) samples.shift();
  figures(stats);
  const now = Date.now();
  const span = Math.max(SHORTEST_MS, now - samples[0].at);
  for (const one of charts) one.draw(samples, now, span);
  byId("main").dataset.samples = samples.length;
}

const measuring = new Timer(measure);

async function measure() {
  await refresh(async () => {
    const [now, stats] = await Promise.all([api("GET", `/events/${eventId}`), api("GET", `/events/${eventId}/stats?steps=${samples === null}`)]);
    event = now;
    paint(event);
    showPause(event);
    showHolds(event, stats);
    take(stats);
  });
  measuring.set(EVERY_MS);
}

byId("cancel-form").addEventListener("submit", async (sent) => {
  sent.preventDefault();
  const sure = seen(byId("sure").value) === seen(event.name);
  showErrors(byId("cancel-form"), sure ? {} : { sure: ["This is not the event's name."] });
  if (!sure) return;
  const done = await attempt(() => api("POST", `/events/${eventId}/cancel`));
  if (done) byId("cancel").hidden = true;
});

event = await showHead();
if (event) {
  byId("cancel").hidden = event.registration_state === "cancelled";
  measure();
}
