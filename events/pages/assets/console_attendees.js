// Who has a seat.

import { byId, person, problem, row } from "./dom.js";
import { eventId, showHead } from "./head.js";
import { List } from "./list.js";
import { shortMoment } from "./times.js";

const path = `/events/${eventId}/attendees`;

const shown = (one) => row(person(one.name), person(one.email), shortMoment(one.confirmed_at), shortMoment(one.checked_in_at) || "–");
const attendees = new List("rows", shown, "No attendees to show.");

byId("search-form").addEventListener("submit", (sent) => {
  sent.preventDefault();
  const search = encodeURIComponent(byId("search").value.trim());
  problem(null);
  byId("csv").href = `${path}?format=csv&search=${search}`;
  attendees.load(`${path}?page_size=50&search=${search}`);
});
showHead();
attendees.load(`${path}?page_size=50`);
