// All events of the organizer, to choose one of in a form.

import { everything } from "./api.js";
import { el, refresh } from "./dom.js";

// Fills the list of choices. Returns the events' names by id: those that came, if the service cannot be reached.
export async function eventChoices(select) {
  const names = new Map();
  await refresh(async () => {
    for await (const { id, name } of everything("/events?mine=true&page_size=100")) {
      names.set(id, name);
      select.append(el("option", { value: id }, name));
    }
  });
  return names;
}
