// The organizer's events: those to come, or with ?past in the address those that are over.

import { byId, chip, el, here, number, person } from "./dom.js";
import { shownState, stateText } from "./labels.js";
import { say } from "./language.js";
import { List } from "./list.js";
import { localSpan } from "./times.js";

function tile(event) {
  const taken = event.max_capacity - event.seats_left;
  return el(
    "a",
    { class: "card tile", href: here(`/console/events/${event.id}`) },
    chip(shownState(event.registration_state, event.registration_paused), stateText(event)),
    el("h2", {}, person(event.name)),
    el("p", { class: "quiet small" }, person(event.location), ` · ${localSpan(event.start_time, event.end_time)}`),
    el("progress", { max: event.max_capacity, value: taken, "aria-label": say("seats-taken") }),
    el("p", { class: "small" }, say("taken-of", { taken: number(taken), seats: number(event.max_capacity) })),
  );
}

const past = new URLSearchParams(location.search).has("past");
byId(past ? "past" : "coming").setAttribute("aria-current", "page");
const list = new List("list", tile, say(past ? "none-past" : "none"));
list.load(`/events?mine=true&past=${past}&page_size=24`);
