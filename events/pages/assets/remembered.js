// What this browser remembers of the tickets that it got or opened: one item for each, `ticket/<ticket id>`. The server
// is told none of it: it never gives a name away, not even to the ticket's holder.
//
// name       as it was typed here
// event      its id
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
