"""Writes what a batch led to: rows, counters, and what became of the organizer's orders. Inside the caller's
transaction, under the event's row lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from events.domain.allocation import Allocation
from events.domain.commands import Command, Request
from events.domain.outcome import Outcome
from events.domain.snapshot import EventSnapshot
from events.domain.states import Reason, Status
from events.domain.times import to_ms, whole_ms
from events.ledger.queries import event_snapshot
from events.ledger.rows import insert_registrations, move_registrations
from events.ledger.webhooks.outbox import write_messages
from events.models import Event, SizeChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a batch led to.

    Attributes:
        event: its row after the batch; `decided_ms` in it is the moment of this or, if nothing changed, the last batch.
        outcomes: where every ticket of the batch stands now, each once.
        decided: how many changes of status there were just now.
        rewound: some place was given out a second time: Redis has lost entries.
        unfinished: the key of an order that has begun and must be given again, with all that stands behind it.
        messages: how many messages for webhooks were written.
    """

    event: EventSnapshot
    outcomes: Sequence[Outcome] = ()
    decided: int = 0
    rewound: bool = False
    unfinished: str | None = None
    messages: int = 0


def next_moment(event: Event) -> datetime:
    """Now, in whole milliseconds, and later than every decision of this event so far, whatever the clocks say."""
    now = whole_ms(timezone.now())
    return now if event.decided_at is None else max(now, event.decided_at + timedelta(milliseconds=1))


def invalid(request: Request, now: datetime) -> Outcome:
    """The end of an entry that cannot be read or stored."""
    return Outcome(
        key=request.key,
        status=Status.REJECTED,
        reason=Reason.INVALID,
        sequence=request.sequence,
        requested_ms=request.requested_ms,
        decided_ms=to_ms(now),
        revision=1,
        email_digest=request.email_digest,
        mark=request.mark,
    )


def write(
    event: Event,
    commands: Sequence[Command],
    done: Allocation,
    *,
    poisoned: Sequence[Request] = (),
    now: datetime,
) -> Committed:
    """Writes an allocation of `commands`, and the end of `poisoned` entries. `event` is the locked row.

    Raises:
        django.db.DataError, IntegrityError, ValueError: the database refuses; the row in memory is as it was.
    """
    unfinished = commands[done.handled].key if done.handled < len(commands) else None
    refused = [(request, invalid(request, now)) for request in poisoned]
    changes = [*done.changes, *(outcome for _, outcome in refused)]
    if not changes and not done.resizes:
        return Committed(event=event_snapshot(event), unfinished=unfinished)
    last = latest(changes)
    fresh = {request.key for request in done.decided_requests}
    decided = [*((request, last[request.key]) for request in done.decided_requests), *refused]
    moved = [outcome for outcome in last.values() if outcome.revision > 1 and outcome.key not in fresh]
    # First what gives e-mails back: somebody new may hold one of them by the end of the batch.
    move_registrations(event.pk, moved, decided_at=now)
    insert_registrations(event.pk, decided, decided_at=now)
    places = [command.sequence for command in (*commands, *poisoned)]
    rewound = any(request.sequence <= event.last_sequence for request, _ in decided)
    sells_out = _sells_out(event, done)
    # Only now, since a refused row must leave the event in memory as it was.
    _count(event, done, invalid_ones=len(refused), last_sequence=max(places, default=0), now=now)
    _answer_orders(event, done, now)
    messages = write_messages(event, changes, now=now, sold_out=sells_out)
    return Committed(
        event=event_snapshot(event),
        outcomes=list(last.values()),
        decided=len(changes),
        rewound=rewound,
        unfinished=unfinished,
        messages=messages,
    )


def _sells_out(event: Event, done: Allocation) -> bool:
    """Whether the last place, of the waitlist's too, goes with this allocation."""
    seats = done.seats
    left = seats.capacity - seats.confirmed + seats.waitlist_capacity - seats.waitlisted
    had = event.max_capacity - event.confirmed_count + event.waitlist_capacity - event.waitlisted_count
    return left <= 0 < had and not seats.cancelled


def latest(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """The last word on each ticket; of two with one revision, the one that stands behind."""
    last: dict[str, Outcome] = {}
    for outcome in outcomes:
        known = last.get(outcome.key)
        if known is None or outcome.revision >= known.revision:
            last[outcome.key] = outcome
    return last


def _count(event: Event, done: Allocation, *, invalid_ones: int, last_sequence: int, now: datetime) -> None:
    event.max_capacity, event.confirmed_count = done.seats.capacity, done.seats.confirmed
    event.waitlist_capacity, event.waitlisted_count = done.seats.waitlist_capacity, done.seats.waitlisted
    event.cancelled_count += done.cancelled
    rejected = {**done.rejected, Reason.INVALID: invalid_ones} if invalid_ones else done.rejected
    for reason, number in rejected.items():
        event.rejected_counts[reason.value] = event.rejected_counts.get(reason.value, 0) + number
    event.last_sequence = max(event.last_sequence, last_sequence)
    event.decided_at = now
    event.version += 1
    event.save(
        update_fields=[
            *("max_capacity", "confirmed_count", "waitlist_capacity", "waitlisted_count", "cancelled_count"),
            *("rejected_counts", "last_sequence", "decided_at", "version"),
        ]
    )


def _answer_orders(event: Event, done: Allocation, now: datetime) -> None:
    SizeChange.objects.bulk_create(
        SizeChange(
            event=event,
            key=order.key,
            sequence=order.sequence,
            max_capacity=order.max_capacity,
            waitlist_capacity=order.waitlist_capacity,
            verdict=verdict.value,
            confirmed_count=event.confirmed_count,
            waitlisted_count=event.waitlisted_count,
            decided_at=now,
        )
        for order, verdict in done.resizes
    )
