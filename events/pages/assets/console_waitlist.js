// Who waits for a seat, the first in line first.

import { byId, number, person, row } from "./dom.js";
import { guestActions } from "./guest_actions.js";
import { eventId, showHead } from "./head.js";
import { say } from "./language.js";
import { List } from "./list.js";
import { knowTypes, named } from "./named.js";

const SIZE = 50;

const place = (index, data) => number((data.current_page - 1) * SIZE + index + 1);
const { full } = byId("rows").dataset;
const actions = (one) => (full === undefined ? [] : [guestActions(one, () => waiting.again())]);
const waiting = new List("rows", (one, index, data) => row(place(index, data), named(one), person(one.email), ...actions(one)), say("none"));

knowTypes(await showHead());
waiting.load(`/events/${eventId}/attendees?status=waitlisted&page_size=${SIZE}`);
