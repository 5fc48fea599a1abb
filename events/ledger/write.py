"""Writes an allocation: registrations, counters, results of resizes, and webhook messages.

Inside the caller's transaction, under the event's row lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from events.domain.allocation import Allocation
from events.domain.commands import Command, Request
from events.domain.outcome import Outcome
from events.domain.snapshot import EventSnapshot
from events.domain.states import Reason, Status
from events.domain.times import to_ms, whole_ms
from events.ledger.database import database
from events.ledger.queries import event_snapshot
from events.ledger.rows import insert_decided, move_decided
from events.ledger.webhooks.outbox import write_messages
from events.models import Event, SizeChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The result of a batch.

    Attributes:
        event: its row after the batch; `decided_ms` is the time of the last batch that changed anything.
        outcomes: the current outcome of every ticket of the batch, each once.
        decided: how many status changes this batch made.
        rewound: sequences were given out a second time, and were replaced: Redis has lost entries.
        unfinished: the key of a command that is only partly applied; it and all commands after it stay in the queue.
        messages: how many webhook messages were written.
    """

    event: EventSnapshot
    outcomes: Sequence[Outcome] = ()
    decided: int = 0
    rewound: bool = False
    unfinished: str | None = None
    messages: int = 0

    def with_earlier(self, outcomes: Sequence[Outcome]) -> Committed:
        """Adds outcomes of earlier batches, where this one has no newer outcome of the ticket."""
        if not outcomes:
            return self
        return replace(self, outcomes=list(_latest([*outcomes, *self.outcomes]).values()))

    @classmethod
    def merged(cls, parts: Sequence[Committed]) -> Committed:
        """Makes one result of several, given in the order in which they were committed."""
        return cls(
            event=parts[-1].event,
            outcomes=list(_latest(outcome for part in parts for outcome in part.outcomes).values()),
            decided=sum(part.decided for part in parts),
            rewound=any(part.rewound for part in parts),
            unfinished=next((part.unfinished for part in parts if part.unfinished), None),
            messages=sum(part.messages for part in parts),
        )


def next_moment(event: Event) -> datetime:
    """Returns now in whole milliseconds, or a millisecond after the event's last decision if the clock is behind it."""
    now = whole_ms(timezone.now())
    return now if event.decided_at is None else max(now, event.decided_at + timedelta(milliseconds=1))


def invalid(request: Request, now: datetime) -> Outcome:
    """Returns the outcome of an entry that cannot be read or stored: rejected as invalid."""
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
    """Writes an allocation of `commands`, and rejects `poisoned` entries. `event` is the locked row.

    Raises:
        RowsExist: the ledger has one of the new rows already; nothing was written but `done`'s moves.
        django.db.DataError, IntegrityError, ValueError: the database refuses. `event` is unchanged in memory, as above.
    """
    stopped_at = commands[done.handled] if done.handled < len(commands) else None
    unfinished = stopped_at.key if stopped_at else None
    if stopped_at:
        # What is behind it stays in the queue.
        poisoned = [request for request in poisoned if request.sequence < stopped_at.sequence]
    refused = [(request, invalid(request, now)) for request in poisoned]
    changes = [*done.changes, *(outcome for _, outcome in refused)]
    if not changes and not done.resizes:
        return Committed(event=event_snapshot(event), unfinished=unfinished)
    last = _latest(changes)
    new = {request.key for request in done.decided_requests}
    decided = [*((request, last[request.key]) for request in done.decided_requests), *refused]
    moved = [outcome for outcome in last.values() if outcome.revision > 1 and outcome.key not in new]
    # Cancellations free e-mails that a new registration of the same batch may take, so they are written first.
    move_decided(event.pk, moved, decided_at=now)
    insert_decided(event.pk, decided, decided_at=now)
    sequences = [command.sequence for command in (*commands[: done.handled], *poisoned)]
    sells_out = _sells_out(event, done)
    # After the rows: if one is refused, `event` must be unchanged in memory.
    _update_event(event, done, invalid_ones=len(refused), last_sequence=max(sequences, default=0), now=now)
    _record_resizes(event, done, now)
    messages = write_messages(event, changes, now=now, sold_out=sells_out)
    return Committed(
        event=event_snapshot(event),
        outcomes=list(last.values()),
        decided=len(changes),
        unfinished=unfinished,
        messages=messages,
    )


def _sells_out(event: Event, done: Allocation) -> bool:
    """Tells whether this allocation takes the last seat or the last position on the waitlist."""
    seats = done.seats
    left = seats.capacity - seats.confirmed + seats.waitlist_capacity - seats.waitlisted
    had = event.max_capacity - event.confirmed_count + event.waitlist_capacity - event.waitlisted_count
    return left <= 0 < had and not seats.cancelled


def _latest(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """Returns the newest outcome of each ticket, by revision; of two with one revision, the later in the list."""
    last: dict[str, Outcome] = {}
    for outcome in outcomes:
        known = last.get(outcome.key)
        if known is None or outcome.revision >= known.revision:
            last[outcome.key] = outcome
    return last


def _update_event(event: Event, done: Allocation, *, invalid_ones: int, last_sequence: int, now: datetime) -> None:
    event.max_capacity, event.confirmed_count = done.seats.capacity, done.seats.confirmed
    event.waitlist_capacity, event.waitlisted_count = done.seats.waitlist_capacity, done.seats.waitlisted
    event.cancelled_count += done.cancelled
    rejected = {**done.rejected, Reason.INVALID: invalid_ones} if invalid_ones else done.rejected
    for reason, number in rejected.items():
        event.rejected_counts[reason.value] = event.rejected_counts.get(reason.value, 0) + number
    event.last_sequence = max(event.last_sequence, last_sequence)
    event.decided_at = now
    event.version += 1
    database().save_counters(event)


def _record_resizes(event: Event, done: Allocation, now: datetime) -> None:
    SizeChange.objects.bulk_create(
        SizeChange(
            event=event,
            key=resize.key,
            sequence=resize.sequence,
            max_capacity=resize.max_capacity,
            waitlist_capacity=resize.waitlist_capacity,
            verdict=verdict.value,
            confirmed_count=event.confirmed_count,
            waitlisted_count=event.waitlisted_count,
            decided_at=now,
        )
        for resize, verdict in done.resizes
    )
