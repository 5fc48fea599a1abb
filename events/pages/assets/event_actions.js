// What an organizer does with a whole event beside editing it: duplicate it, delete it.

import { api } from "./api.js";
import { attempt, byId } from "./dom.js";
import { onSubmit } from "./forms.js";
import { eventId } from "./head.js";
import { LocalTime, readTimes } from "./local_time.js";

// Tokens that may not do this have a page without these parts.
if (byId("duplicate")) {
  const start = new LocalTime(byId("start_time"));
  onSubmit(byId("duplicate-form"), async () => {
    const { start_time } = readTimes([start]);
    const made = await api("POST", `/events/${eventId}/duplicate`, start_time ? { start_time } : {});
    location.assign(`/console/events/${made.id}/edit`);
  });
  byId("delete-event").addEventListener("click", async () => {
    if (await attempt(() => api("DELETE", `/events/${eventId}`))) location.assign("/console");
  });
}
