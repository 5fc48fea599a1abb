// Who waits for a seat, the first in line first.

import { api } from "./api.js";
import { attempt, fill, number, pager, person, row } from "./dom.js";
import { eventId, showHead } from "./head.js";

const SIZE = 50;

async function load(url) {
  const data = await attempt(() => api("GET", url));
  if (!data) return;
  const before = (data.current_page - 1) * SIZE;
  fill("rows", data.results.map((one, index) => row(number(before + index + 1), person(one.name), person(one.email))), "The waitlist is empty.");
  pager(data, load);
}

showHead();
load(`/events/${eventId}/attendees?status=waitlisted&page_size=${SIZE}`);
