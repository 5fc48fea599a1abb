"""Checks tickets in at the entrance: once for each seat, however many scanners read the ticket.

A check-in is part of the ticket's state, so it is written under the event's row lock, like every decision: a check-in
and a cancellation of one ticket come one after the other, and the second finds what the first has done. It moves the
event's `decided_at` on, so that a check-in that never reached Redis is found and published later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db import transaction
from django.db.models import QuerySet

from events.domain.outcome import Outcome
from events.domain.parts import Part, is_told, without, write_parts
from events.domain.snapshot import EventSnapshot
from events.domain.states import Status
from events.domain.times import to_ms
from events.domain.webhooks.message import MessageType
from events.ledger.batch_context import Digest, with_digest
from events.ledger.events import event_for_change
from events.ledger.queries import event_snapshot, keys_of_reference
from events.ledger.tickets import known_tickets
from events.ledger.webhooks.outbox import write_check_in_messages
from events.ledger.write import next_moment
from events.models import Event, Registration


class CheckInResult(Enum):
    """The result of checking a ticket in, or of undoing it."""

    ADMITTED = "admitted"
    ALREADY_IN = "already in"
    REPEATED = "repeated"
    UNDONE = "undone"
    NOT_IN = "not in"
    NO_SEAT = "no seat"
    UNKNOWN = "unknown"
    TOO_MANY = "too many"  # more than the ticket is for


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorUpdate:
    """What to publish to the door after a check-in.

    `published_before_ms` is the moment of the event's previous change, 0 if there is none.
    """

    event: EventSnapshot
    outcome: Outcome
    published_before_ms: int
    messages: int


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What a check-in or its undoing led to.

    Attributes:
        registration: the row as it is now; None if this organizer has no such ticket.
        door_update: what to publish; None if nothing was changed.
    """

    result: CheckInResult
    registration: Registration | None = None
    door_update: DoorUpdate | None = None


def check_in(
    *,
    event_id: int,
    key: str,
    organizer_id: int,
    now: datetime,
    digest: Digest,
    people: int | None = None,
    at: datetime | None = None,
    id: str = "",
) -> CheckIn:
    """Marks a confirmed registration as checked in, unless it is already.

    A group may come in parts: `people` of it, None: all who are not in yet. The first of them sets the time.

    `id` is the device's name for this check-in, or this part of a group: the same again is the same check-in, whose
    answer the device has missed. Without one, that is the same ticket at the same time.

    `at` is when it happened, if a device tells later. What goes on record lies between the confirmation and `now`. An
    `at` outside of that is from a wrong clock, as another device's may be, and names no check-in.
    """
    with transaction.atomic():
        event = event_for_change(event_id=event_id, organizer_id=organizer_id)
        row = event and _rows(event_id).filter(ticket_key=key).first()
        if not event or not row:
            return CheckIn(CheckInResult.UNKNOWN)
        if row.status != Status.CONFIRMED.value:
            return CheckIn(CheckInResult.NO_SEAT, row)
        moment = now if at is None else min(max(at, row.confirmed_at or at), now)
        if people is not None and people > row.quantity:
            return CheckIn(CheckInResult.TOO_MANY, row)
        parts, left = row.came_in, row.quantity - row.checked_in_quantity
        if is_told(parts, at=at, people=people, id=id):
            return CheckIn(CheckInResult.REPEATED, row)
        if not left or (people or left) > left:
            return CheckIn(CheckInResult.ALREADY_IN, row)
        parts.append(Part(moment, people or left, id))
        return CheckIn(CheckInResult.ADMITTED, row, _write(event, row, parts, digest=digest))


def undo_check_in(
    *, event_id: int, ref: str, organizer_id: int, digest: Digest, at: datetime | None = None, id: str = ""
) -> CheckIn:
    """Undoes a check-in, found by the first characters of its ticket's key. Undoing twice changes nothing.

    With `id`, or with `at`, only what came in under that name or at that time, which may be a part of a group; another
    device's check-in stays.
    """
    with transaction.atomic():
        event = event_for_change(event_id=event_id, organizer_id=organizer_id)
        row = _entered(event_id, ref) if event else None
        if not event or not row:
            return CheckIn(CheckInResult.UNKNOWN)
        if row.status != Status.CONFIRMED.value:
            return CheckIn(CheckInResult.NO_SEAT, row)
        kept = without(row.came_in, at=at, id=id)
        if len(kept) == len(row.came_in):
            return CheckIn(CheckInResult.NOT_IN, row)
        return CheckIn(CheckInResult.UNDONE, row, _write(event, row, kept, digest=digest))


def find_key(*, event_id: int, ref: str) -> str | None:
    """Finds the key of the one decided ticket with this reference; None if there is none, or more than one."""
    found = keys_of_reference(event_id=event_id, ref=ref)
    return found[0] if len(found) == 1 else None


def _rows(event_id: int) -> QuerySet[Registration]:
    return Registration.objects.filter(event_id=event_id)


def _entered(event_id: int, ref: str) -> Registration | None:
    """Finds the one ticket with this reference that was ever checked in.

    Reads all of the event's check-ins through their partial index. A range over `ticket_key` would be cheaper, but
    depends on the collation of the database; undoing is rare.
    """
    found = _rows(event_id).filter(check_in_changed_at__isnull=False, ticket_key__startswith=ref)
    # SQLite's LIKE ignores case. Two tickets with one reference cannot be told apart, so neither is taken.
    rows = [row for row in found[:100] if row.ticket_key.startswith(ref)]
    return rows[0] if len(rows) == 1 else None


def _write(event: Event, row: Registration, parts: Sequence[Part], *, digest: Digest) -> DoorUpdate:
    """Writes which parts of the ticket's people are in; the first of them sets the ticket's time."""
    moment, before = next_moment(event), event.decided_at
    was, inside = row.checked_in_quantity, sum(part.people for part in parts)
    event.checked_in_count += inside - was
    row.checked_in_at = parts[0].at if parts else None
    row.partly_in = inside if 0 < inside < row.quantity else None
    named = any(part.id for part in parts)
    row.parts = write_parts(parts) if len(parts) > 1 or row.partly_in or named else None
    row.check_in_changed_at, row.revision = moment, row.revision + 1
    row.save(update_fields=["checked_in_at", "partly_in", "parts", "check_in_changed_at", "revision"])
    event.decided_at, event.version = moment, event.version + 1
    event.save(update_fields=["checked_in_count", "decided_at", "version"])
    ticket = with_digest(known_tickets(event.pk, [row.ticket_key])[row.ticket_key], digest)
    return DoorUpdate(
        event=event_snapshot(event),
        outcome=ticket.outcome,
        published_before_ms=to_ms(before) if before else 0,
        messages=write_check_in_messages(event, ticket.outcome, type_=_message_type(inside > was), now=moment),
    )


def _message_type(more: bool) -> MessageType:
    return MessageType.CHECKED_IN if more else MessageType.UPDATED
