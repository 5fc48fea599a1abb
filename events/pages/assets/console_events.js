// The organizer's events: those to come, or with ?past in the address those that are over.

import { byId, chip, el, number, person } from "./dom.js";
import { shownState, stateText } from "./labels.js";
import { List } from "./list.js";
import { localSpan } from "./times.js";

function tile(event) {
  const taken = event.max_capacity - event.seats_left;
  return el(
    "a",
    { class: "card tile", href: `/console/events/${event.id}` },
    chip(shownState(event.registration_state, event.registration_paused), stateText(event)),
    el("h2", {}, person(event.name)),
    el("p", { class: "quiet small" }, person(event.location), ` · ${localSpan(event.start_time, event.end_time)}`),
    el("progress", { max: event.max_capacity, value: taken, "aria-label": "Seats taken" }),
    el("p", { class: "small" }, `${number(taken)} of ${number(event.max_capacity)} seats taken`),
  );
}

const past = new URLSearchParams(location.search).has("past");
byId(past ? "past" : "coming").setAttribute("aria-current", "page");
const list = new List("list", tile, past ? "No event is over yet." : "No events yet. Creating one takes two minutes.");
list.load(`/events?mine=true&past=${past}&page_size=24`);
