// What an organizer does with a whole event beside editing it: pause its registration, duplicate it, delete it.

import { api } from "./api.js";
import { attempt, byId, here } from "./dom.js";
import { onSubmit } from "./forms.js";
import { eventId, paint } from "./head.js";
import { say } from "./language.js";
import { LocalTime, readTimes } from "./local_time.js";

const pausing = byId("pause");
let paused = false;

// Shows what the button does now.
export function showPause(event) {
  paused = event.registration_paused;
  if (pausing) pausing.textContent = say(paused ? "resume" : "pause");
}

pausing?.addEventListener("click", async () => {
  const event = await attempt(() => api("POST", `/events/${eventId}/${paused ? "resume" : "pause"}`));
  if (!event) return;
  paint(event);
  showPause(event);
});

// Tokens that may not do this have a page without these parts.
if (byId("duplicate")) {
  const start = new LocalTime(byId("start_time"));
  onSubmit(byId("duplicate-form"), async () => {
    const { start_time } = readTimes([start]);
    const made = await api("POST", `/events/${eventId}/duplicate`, start_time ? { start_time } : {});
    location.assign(here(`/console/events/${made.id}/edit`));
  });
  byId("delete-event").addEventListener("click", async () => {
    if (await attempt(() => api("DELETE", `/events/${eventId}`))) location.assign(here("/console"));
  });
}
