// What stands above every screen of one event.

import { api } from "./api.js";
import { byId, isolated, person, refresh } from "./dom.js";
import { shownState, stateText } from "./labels.js";
import { localSpan } from "./times.js";

export const eventId = document.getElementById("main").dataset.event;

// A phone shows four tabs: the one that is open among them.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

export async function showHead() {
  const event = await refresh(() => api("GET", `/events/${eventId}`));
  if (event) paint(event);
  return event;
}

export function paint(event) {
  byId("title").replaceChildren(person(event.name));
  byId("about").replaceChildren(person(event.location), ` · ${localSpan(event.start_time, event.end_time)}`);
  const unproved = document.getElementById("unproved");
  if (unproved) unproved.hidden = !event.verify_email;
  byId("chip").hidden = false;
  byId("chip").dataset.state = shownState(event.registration_state, event.registration_paused);
  byId("chip").textContent = stateText(event);
  document.title = `${isolated(event.name)} · Omnify`;
}
