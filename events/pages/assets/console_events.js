// The organizer's events.

import { api } from "./api.js";
import { attempt, chip, el, fill, number, pager, person } from "./dom.js";
import { localSpan } from "./times.js";

function tile(event) {
  const taken = event.max_capacity - event.seats_left;
  return el(
    "a",
    { class: "card tile", href: `/console/events/${event.id}` },
    chip(event.registration_state),
    el("h2", {}, person(event.name)),
    el("p", { class: "quiet small" }, person(event.location), ` · ${localSpan(event.start_time, event.end_time)}`),
    el("progress", { max: event.max_capacity, value: taken, "aria-label": "Seats taken" }),
    el("p", { class: "small" }, `${number(taken)} of ${number(event.max_capacity)} seats taken`),
  );
}

async function load(url) {
  const data = await attempt(() => api("GET", url));
  if (!data) return;
  fill("list", data.results.map(tile), "No events yet. The first one is two minutes of work.");
  pager(data, load);
}

load("/events?mine=true&page_size=24");
