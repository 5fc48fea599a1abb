"""Letting people in at the entrance: once for each seat, whoever scans the ticket and wherever.

A check-in is part of the ticket's state, so it is written under the event's row lock, like every decision: a check-in
and a cancellation of one ticket come one after the other, and the second one finds what the first has done. It has a
moment among the event's decisions, by which whatever Redis was not shown is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db import transaction
from django.db.models import QuerySet

from events.domain.outcome import Outcome
from events.domain.snapshot import EventSnapshot
from events.domain.states import Status
from events.domain.times import to_ms
from events.domain.webhooks.message import MessageType
from events.ledger.batch_context import Digest, with_digest
from events.ledger.events import lock_event
from events.ledger.queries import event_snapshot
from events.ledger.tickets import known_tickets
from events.ledger.webhooks.outbox import write_entrance
from events.ledger.write import next_moment
from events.models import Event, Registration


class Entry(Enum):
    """What became of a ticket at the entrance."""

    ADMITTED = "admitted"
    ALREADY_IN = "already in"
    UNDONE = "undone"
    NOT_IN = "not in"
    NO_SEAT = "no seat"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the door is to be shown of a change; `shown_before_ms` is the moment of the change before it."""

    event: EventSnapshot
    outcome: Outcome
    shown_before_ms: int
    messages: int


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The outcome, and the registration as it is now (None if there is no such ticket of this organizer's); `shown`
    where something was changed."""

    entry: Entry
    registration: Registration | None = None
    shown: Shown | None = None


def check_in(*, event_id: int, key: str, organizer_id: int, now: datetime, digest: Digest) -> CheckIn:
    """Marks a confirmed registration as checked in at `now`, unless it is already."""
    with transaction.atomic():
        event = lock_event(event_id=event_id, organizer_id=organizer_id)
        row = event and _rows(event_id).filter(ticket_key=key).first()
        if not event or not row:
            return CheckIn(Entry.UNKNOWN)
        if row.status != Status.CONFIRMED.value:
            return CheckIn(Entry.NO_SEAT, row)
        if row.checked_in_at is not None:
            return CheckIn(Entry.ALREADY_IN, row)
        return CheckIn(Entry.ADMITTED, row, _write(event, row, checked_in_at=now, digest=digest))


def undo_check_in(*, event_id: int, ref: str, organizer_id: int, digest: Digest) -> CheckIn:
    """Takes a check-in back, found by the first characters of its ticket's key. Twice is harmless."""
    with transaction.atomic():
        event = lock_event(event_id=event_id, organizer_id=organizer_id)
        row = _entered(event_id, ref) if event else None
        if not event or not row:
            return CheckIn(Entry.UNKNOWN)
        if row.status != Status.CONFIRMED.value:
            return CheckIn(Entry.NO_SEAT, row)
        if row.checked_in_at is None:
            return CheckIn(Entry.NOT_IN, row)
        return CheckIn(Entry.UNDONE, row, _write(event, row, checked_in_at=None, digest=digest))


def _rows(event_id: int) -> QuerySet[Registration]:
    return Registration.objects.filter(event_id=event_id)


def _entered(event_id: int, ref: str) -> Registration | None:
    """The one ticket with this reference that was ever let in.

    Reads all who were, by their own index: rarely asked, and right whatever the order of the database's locale is.
    """
    found = _rows(event_id).filter(check_in_changed_at__isnull=False, ticket_key__startswith=ref)
    # SQLite's LIKE takes A for a. Two with one reference are told apart by nobody.
    rows = [row for row in found[:100] if row.ticket_key.startswith(ref)]
    return rows[0] if len(rows) == 1 else None


def _write(event: Event, row: Registration, *, checked_in_at: datetime | None, digest: Digest) -> Shown:
    moment, before = next_moment(event), event.decided_at
    row.checked_in_at, row.check_in_changed_at, row.revision = checked_in_at, moment, row.revision + 1
    row.save(update_fields=["checked_in_at", "check_in_changed_at", "revision"])
    event.checked_in_count += 1 if checked_in_at else -1
    event.decided_at, event.version = moment, event.version + 1
    event.save(update_fields=["checked_in_count", "decided_at", "version"])
    held = with_digest(known_tickets(event.pk, [row.ticket_key])[row.ticket_key], digest)
    type_ = MessageType.CHECKED_IN if checked_in_at else MessageType.UPDATED
    return Shown(
        event=event_snapshot(event),
        outcome=held.outcome,
        shown_before_ms=to_ms(before) if before else 0,
        messages=write_entrance(event, held.outcome, type_=type_, now=moment),
    )
