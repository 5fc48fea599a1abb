"""One batch of the queue, decided and written in one transaction under the event's row lock.

Re-applying a batch is harmless: tickets that the ledger holds already are left as they are and reported again, so
a drain that died between commit and publish is repaired by the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from events.domain.allocation import Decision, Request, Seats, allocate
from events.domain.outcome import Outcome
from events.domain.snapshot import EventSnapshot
from events.domain.states import Reason, Status
from events.domain.times import to_ms
from events.ledger.queries import event_snapshot
from events.ledger.rows import email_holders, insert_registrations, known_outcomes
from events.models import Event
from omnify.logs import log

logger = logging.getLogger(__name__)


class NoSuchEvent(Exception):
    """The queue belongs to an event that the ledger does not have."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a batch led to: the event's row after it, every ticket's outcome, and how many were decided just now."""

    event: EventSnapshot
    outcomes: Sequence[Outcome]
    decided: int
    rewound: bool


def commit_batch(
    event_id: int,
    requests: Sequence[Request],
    *,
    poisoned: Sequence[Request] = (),
    before_commit: Callable[[], None] = lambda: None,
) -> Committed:
    """Decides `requests` in the order given and writes them. `poisoned` ones end `rejected`/`invalid`.

    Data that the database refuses costs only its own entry: the batch is then written one entry at a time.

    Raises:
        NoSuchEvent: there is no such event.
        django.db.OperationalError, InterfaceError: the database is out of reach; nothing was written.
    """
    try:
        return _commit(event_id, requests, poisoned, before_commit)
    except (DataError, IntegrityError, ValueError) as problem:
        # The database's own words may quote an e-mail address, so only their kind is logged.
        log(logger, logging.WARNING, "a batch was refused", event_id=event_id, problem=type(problem).__name__)
        return _commit_one_by_one(event_id, requests, poisoned, before_commit)


def _commit(
    event_id: int,
    requests: Sequence[Request],
    poisoned: Sequence[Request],
    before_commit: Callable[[], None],
) -> Committed:
    with transaction.atomic():
        event = _lock(event_id)
        hopeful = not poisoned and event.confirmed_count + len(requests) <= event.max_capacity
        done = (hopeful and _without_looking(event, requests)) or _after_looking(event, requests, poisoned)
        before_commit()
    return done


def _without_looking(event: Event, requests: Sequence[Request]) -> Committed | None:
    """Decides as if nobody in the batch were known to the ledger, and lets its unique indexes contradict.

    The door has turned nearly all duplicates away, and a ticket comes twice only after a crash, so looking first would
    ask two questions for each row in vain: a sixth of a batch's time. Only while there is a seat for everybody: then a
    row under a known e-mail would be a second seat, and cannot slip by.
    """
    try:
        with transaction.atomic():
            allocation = allocate(seats=_seats(event), requests=requests, taken=frozenset())
            return _write(event, allocation.decisions, confirmed=allocation.confirmed)
    except IntegrityError:
        return None


def _after_looking(event: Event, requests: Sequence[Request], poisoned: Sequence[Request]) -> Committed:
    known = known_outcomes(event.pk, [r.key for r in (*requests, *poisoned)])
    fresh = _unknown(requests, known)
    taken = email_holders(event.pk, [r.email_key for r in fresh])
    allocation = allocate(seats=_seats(event), requests=fresh, taken=taken)
    refused = [Decision(r, Status.REJECTED, Reason.INVALID) for r in _unknown(poisoned, known)]
    done = _write(event, [*allocation.decisions, *refused], confirmed=allocation.confirmed)
    return replace(done, outcomes=[*_repeated(requests, known), *done.outcomes])


def _repeated(requests: Sequence[Request], known: dict[str, Outcome]) -> list[Outcome]:
    """What the ledger held already, with the digests that only the queue's entry carries."""
    return [
        msgspec.structs.replace(known[r.key], email_digest=r.email_digest, body_digest=r.body_digest)
        for r in requests
        if r.key in known
    ]


def _lock(event_id: int) -> Event:
    # On SQLite the transaction began IMMEDIATE, which locks the whole database; Django leaves FOR UPDATE out there.
    event = Event.objects.select_for_update().filter(pk=event_id).first()
    if event is None:
        raise NoSuchEvent(event_id)
    return event


def _seats(event: Event) -> Seats:
    return Seats(capacity=event.max_capacity, confirmed=event.confirmed_count, cancelled=event.cancelled_at is not None)


def _unknown(requests: Sequence[Request], known: dict[str, Outcome]) -> list[Request]:
    # A key twice in one batch cannot come from the door; it would break the batch, so only the first one counts.
    return list({r.key: r for r in reversed(requests) if r.key not in known}.values())[::-1]


def _write(event: Event, decisions: Sequence[Decision], *, confirmed: int) -> Committed:
    if not decisions:
        return Committed(event_snapshot(event), [], 0, False)
    now = timezone.now()
    insert_registrations(event.pk, decisions, decided_at=now)
    # Only now, since a refused insert must leave the row in memory as it was.
    rewound = any(d.request.sequence <= event.last_sequence for d in decisions)
    event.confirmed_count = confirmed
    for decision in decisions:
        if decision.reason is not None:
            counts = event.rejected_counts
            counts[decision.reason.value] = counts.get(decision.reason.value, 0) + 1
    event.last_sequence = max(event.last_sequence, *(d.request.sequence for d in decisions))
    event.version += 1
    event.save(update_fields=["confirmed_count", "rejected_counts", "last_sequence", "version"])
    decided_ms = to_ms(now)
    outcomes = [_outcome(decision, decided_ms) for decision in decisions]
    return Committed(event_snapshot(event), outcomes, len(outcomes), rewound)


def _outcome(decision: Decision, decided_ms: int) -> Outcome:
    request = decision.request
    return Outcome(
        key=request.key,
        status=decision.status,
        reason=decision.reason,
        sequence=request.sequence,
        requested_ms=request.requested_ms,
        decided_ms=decided_ms,
        revision=1,
        email_digest=request.email_digest,
        body_digest=request.body_digest,
    )


def _commit_one_by_one(
    event_id: int,
    requests: Sequence[Request],
    poisoned: Sequence[Request],
    before_commit: Callable[[], None],
) -> Committed:
    """The slow way round a poisoned batch: a savepoint for each entry, one transaction around all."""
    outcomes: list[Outcome] = []
    decided, rewound = 0, False
    with transaction.atomic():
        _lock(event_id)
        for request in requests:
            try:
                with transaction.atomic():
                    done = _commit(event_id, [request], (), lambda: None)
            except (DataError, IntegrityError, ValueError):
                with transaction.atomic():
                    done = _commit(event_id, (), [_harmless(request)], lambda: None)
            outcomes += done.outcomes
            decided, rewound = decided + done.decided, rewound or done.rewound
        last = _commit(event_id, (), [_harmless(r) for r in poisoned], before_commit)
    return Committed(last.event, [*outcomes, *last.outcomes], decided + last.decided, rewound or last.rewound)


def _harmless(request: Request) -> Request:
    """The same ticket without the data that could not be stored."""
    return Request(request.key, "", "", "", request.sequence, request.requested_ms)
