// The ticket's page, as far as only this browser knows it: the name that was typed here, and what the organizer has
// changed since the ticket was first opened here.

import { recall, remember } from "./remembered.js";
import { localSpan } from "./times.js";

const byId = (id) => document.getElementById(id);

export function showMemory({ ticket, event, start, end }) {
  const known = recall(ticket);
  const now = { start, end, place: byId("place").value };
  if (known.name) {
    byId("holder").querySelector("bdi").textContent = known.name;
    byId("holder").hidden = false;
  }
  if (known.start) showChanges(known, now);
  else remember(ticket, { event: Number(event), ...now });
}

function showChanges(before, now) {
  const moved = before.start !== now.start || before.end !== now.end;
  const changes = [
    ["changed-when", moved, localSpan(before.start, before.end), localSpan(now.start, now.end)],
    ["changed-where", before.place !== now.place, before.place, now.place],
  ];
  for (const [id, differs, old, current] of changes) {
    const [was, is] = byId(id).querySelectorAll("s, bdi");
    [was.textContent, is.textContent] = [old, current];
    byId(id).hidden = !differs;
  }
  byId("changed").hidden = !changes.some(([, differs]) => differs);
}
