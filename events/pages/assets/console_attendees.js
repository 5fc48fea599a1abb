// Who has a seat.

import { api } from "./api.js";
import { attempt, byId, fill, pager, person, row } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { shortMoment } from "./times.js";

const list = `/events/${eventId}/attendees`;

async function load(url) {
  const data = await attempt(() => api("GET", url));
  if (!data) return;
  const rows = data.results.map((one) => row(person(one.name), person(one.email), shortMoment(one.confirmed_at), shortMoment(one.checked_in_at) || "–"));
  fill("rows", rows, "No attendees to show.");
  pager(data, load);
}

byId("search-form").addEventListener("submit", (sent) => {
  sent.preventDefault();
  const search = encodeURIComponent(byId("search").value.trim());
  byId("csv").href = `${list}?format=csv&search=${search}`;
  load(`${list}?page_size=50&search=${search}`);
});
showHead();
load(`${list}?page_size=50`);
