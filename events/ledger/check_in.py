"""Letting people in at the entrance: once for each seat, whoever scans the ticket and wherever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from events.domain.states import Status
from events.models import Registration


class Entry(Enum):
    """What became of a ticket at the entrance."""

    ADMITTED = "admitted"
    ALREADY_IN = "already in"
    NO_SEAT = "no seat"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The outcome, and the registration as it is now; None if there is no such ticket of this organizer's."""

    entry: Entry
    registration: Registration | None


def check_in(*, event_id: int, key: str, organizer_id: int, now: datetime) -> CheckIn:
    """Marks a confirmed registration as checked in at `now`, unless it is already."""
    found = Registration.objects.filter(event_id=event_id, ticket_key=key)
    if not found.filter(event__organizer_id=organizer_id).exists():
        return CheckIn(Entry.UNKNOWN, None)
    # Who changes the row has let the person in. A second door waits for the first one's lock, and then finds the
    # condition false: so it must stand in this statement alone, and the statement must reach no other table.
    won = found.filter(status=Status.CONFIRMED.value, checked_in_at=None).update(checked_in_at=now)
    row = found.get()
    if won:
        return CheckIn(Entry.ADMITTED, row)
    return CheckIn(Entry.NO_SEAT if row.status != Status.CONFIRMED.value else Entry.ALREADY_IN, row)
