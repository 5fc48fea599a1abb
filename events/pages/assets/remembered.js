// What this browser remembers of the tickets that it got or opened: one item for each, `ticket/<ticket id>`. The server
// is told none of it: it never gives a name away, not even to the ticket's holder.
//
// name       as it was typed here
// event      its id
// at, ends   when it was got here, and when its event ends
// start, end, place
//            of the event, when the ticket was first opened here

const ROOT = "ticket/";

export function recall(ticket) {
  try {
    return JSON.parse(localStorage.getItem(ROOT + ticket)) ?? {};
  } catch {
    return {};
  }
}

// Adds to what is known of the ticket. A browser that keeps nothing is no trouble: the ticket does not depend on it.
export function remember(ticket, fields) {
  try {
    localStorage.setItem(ROOT + ticket, JSON.stringify({ ...recall(ticket), ...fields }));
  } catch {
    // Full, or switched off.
  }
}

export function forget(ticket) {
  try {
    localStorage.removeItem(ROOT + ticket);
  } catch {
    // Switched off.
  }
}

// The ids of the tickets for an event that were got here, the newest first. What is known of events that have ended is
// forgotten; `ends` is when this one does, which may have changed since.
export function ticketsGot(event, ends, now) {
  const known = all().map((ticket) => ({ ticket, ...recall(ticket) }));
  const isOver = (item) => Date.parse(item.event === event ? ends : item.ends ?? item.end) <= now;
  known.filter(isOver).forEach(({ ticket }) => forget(ticket));
  const mine = known.filter((item) => item.event === event && item.at && !isOver(item));
  return mine.sort((one, other) => other.at.localeCompare(one.at));
}

function all() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(ROOT)).map((key) => key.slice(ROOT.length));
  } catch {
    return [];
  }
}
