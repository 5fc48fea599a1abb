"""What the list of public events has of each that has not ended: enough to search, to order, and for a calendar.

Seats are not in here: they change with each decision, and are read for the events that a page shows.
"""

from __future__ import annotations

from msgspec import Struct

from events.domain.snapshot import EventSnapshot
from events.domain.states import Visibility
from events.domain.zones import UTC_NAME

# Of all that are public, those that start first.
MOST_LISTED = 1000


class Listed(Struct, frozen=True, gc=False):
    """A public event. Times in milliseconds since 1970, UTC."""

    event_id: int
    version: int
    organizer_id: int
    name: str
    location: str
    start_ms: int
    end_ms: int
    revision: int
    updated_ms: int
    cancelled: bool
    timezone: str = UTC_NAME
    # 0: the release before has written this.
    created_ms: int = 0


def listed(snapshot: EventSnapshot) -> Listed | None:
    """Returns what the list has of an event; None if it is not public."""
    if snapshot.visibility is not Visibility.PUBLIC:
        return None
    return Listed(
        event_id=snapshot.event_id,
        version=snapshot.version,
        organizer_id=snapshot.organizer_id,
        name=snapshot.name,
        location=snapshot.location,
        start_ms=snapshot.start_ms,
        end_ms=snapshot.end_ms,
        revision=snapshot.revision,
        updated_ms=snapshot.updated_ms,
        cancelled=snapshot.cancelled,
        timezone=snapshot.timezone,
        created_ms=snapshot.created_ms,
    )
