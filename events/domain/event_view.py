"""An event as clients see it: the one rendering, used by the door and by the API."""

from __future__ import annotations

from typing import Any

from events.domain.snapshot import EventSnapshot
from events.domain.states import EventState, event_state
from events.domain.times import iso


def event_data(snapshot: EventSnapshot, *, now_ms: int) -> dict[str, Any]:
    """The public representation at `now_ms` (milliseconds since 1970), fields in the order they are sent."""
    return {
        "id": snapshot.event_id,
        "name": snapshot.name,
        "location": snapshot.location,
        "max_capacity": snapshot.max_capacity,
        "waitlist_capacity": snapshot.waitlist_capacity,
        "start_time": iso(snapshot.start_ms),
        "end_time": iso(snapshot.end_ms),
        "registration_opens_at": iso(snapshot.opens_ms),
        "registration_closes_at": iso(snapshot.closes_ms),
        "confirmed_count": snapshot.confirmed_count,
        "waitlisted_count": snapshot.waitlisted_count,
        "seats_left": seats_left(snapshot),
        "registration_state": state_of(snapshot, now_ms=now_ms).value,
        "revision": snapshot.revision,
        "updated_at": iso(snapshot.updated_ms),
    }


def seats_left(snapshot: EventSnapshot) -> int:
    """Seats that the ledger has not given out."""
    return max(0, snapshot.max_capacity - snapshot.confirmed_count)


def state_of(snapshot: EventSnapshot, *, now_ms: int) -> EventState:
    """What a visitor can do with the event at `now_ms`."""
    return event_state(
        now_ms=now_ms,
        opens_ms=snapshot.opens_ms,
        closes_ms=snapshot.closes_ms,
        cancelled=snapshot.cancelled,
        seats_left=seats_left(snapshot),
        waitlist_left=max(0, snapshot.waitlist_capacity - snapshot.waitlisted_count),
    )
