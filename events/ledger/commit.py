"""One batch of the queue, decided and written in one transaction under the event's row lock.

Re-applying a batch is harmless: what the ledger holds already is left as it is and reported again, so a drain that
died between commit and publish is repaired by the next one. Tickets that a batch moves without naming them (whoever
moves up, whoever held a place of a cancelled event) are found by the moment of that commit: see `_unpublished`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.db import DataError, IntegrityError, transaction

from events.domain.allocation import LedgerView, Seats, allocate
from events.domain.commands import Command, Request
from events.domain.outcome import Outcome
from events.domain.times import from_ms, to_ms
from events.ledger.batch_context import Digest, load_batch_context, with_digest
from events.ledger.tickets import changed_since, known_outcomes
from events.ledger.write import Committed, latest, next_moment, write
from events.models import Event
from omnify.common.logs import get_logger

logger = get_logger(__name__)

_REFUSED = (DataError, IntegrityError, ValueError)


class NoSuchEvent(Exception):
    """The queue belongs to an event that the ledger does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a drain wants committed.

    Attributes:
        commands: in order of admission; `poisoned` are entries that cannot be read, which end `rejected`/`invalid`.
        digest: turns an `email_key` into what stands for it in Redis.
        published_ms: the moment up to which Redis has been shown this event's changes; None if it knows none.
        before_commit: called last inside the transaction.
    """

    commands: Sequence[Command]
    poisoned: Sequence[Request] = ()
    digest: Digest
    published_ms: int | None = None
    before_commit: Callable[[], None] = lambda: None


def commit_batch(event_id: int, batch: Batch) -> Committed:
    """Carries a batch out.

    Data that the database refuses costs only its own entry: the batch is then written one entry at a time.

    Raises:
        NoSuchEvent: there is no such event.
        django.db.OperationalError, InterfaceError: the database is out of reach; nothing was written.
    """
    try:
        return _commit(event_id, batch)
    except _REFUSED as problem:
        # The database's own words may quote an e-mail address, so only their kind is logged.
        logger.warning("a batch was refused", event_id=event_id, problem=type(problem).__name__)
        return _commit_one_by_one(event_id, batch)


def _commit(event_id: int, batch: Batch) -> Committed:
    with transaction.atomic():
        event = _lock(event_id)
        unshown = _unpublished(event, batch)
        done = (_all_fit(event, batch) and _commit_optimistically(event, batch)) or _commit_with_context(event, batch)
        batch.before_commit()
    return _with_outcomes(done, unshown) if unshown else done


def _lock(event_id: int) -> Event:
    # On SQLite the transaction began IMMEDIATE, which locks the whole database; Django leaves FOR UPDATE out there.
    event = Event.objects.select_for_update().filter(pk=event_id).first()
    if event is None:
        raise NoSuchEvent(event_id)
    return event


def _seats(event: Event) -> Seats:
    return Seats(
        capacity=event.max_capacity,
        confirmed=event.confirmed_count,
        waitlist_capacity=event.waitlist_capacity,
        waitlisted=event.waitlisted_count,
        cancelled=event.cancelled_at is not None,
        ends_ms=to_ms(event.end_time),
    )


def _unpublished(event: Event, batch: Batch) -> list[Outcome]:
    """What was changed by a drain that died before it published, or was published to a Redis that has lost it since."""
    if batch.published_ms is None or event.decided_at is None or to_ms(event.decided_at) <= batch.published_ms:
        return []
    changed = changed_since(event.pk, from_ms(batch.published_ms))
    return [with_digest(held, batch.digest).outcome for held in changed]


def _with_outcomes(done: Committed, earlier: Sequence[Outcome]) -> Committed:
    return replace(done, outcomes=list(latest([*earlier, *done.outcomes]).values()))


def _all_fit(event: Event, batch: Batch) -> bool:
    """Whether there is a seat for everybody in the batch, and nothing but registrations."""
    if batch.poisoned or event.cancelled_at or event.confirmed_count + len(batch.commands) > event.max_capacity:
        return False
    return all(isinstance(command, Request) for command in batch.commands)


def _commit_optimistically(event: Event, batch: Batch) -> Committed | None:
    """Decides as if no ticket of the batch were known to the ledger, and lets its unique indexes contradict, quietly.

    The door has turned nearly all duplicates away, and a ticket comes twice only after a crash, so looking first would
    ask two questions for each row in vain: a sixth of a batch's time. Only while there is a seat for everybody: then a
    row under a known e-mail would be a second seat, and cannot slip by.
    """
    try:
        with transaction.atomic():
            now = next_moment(event)
            done = allocate(seats=_seats(event), commands=batch.commands, ledger=LedgerView(), now_ms=to_ms(now))
            return write(event, batch.commands, done, now=now)
    except IntegrityError:
        return None


def _commit_with_context(event: Event, batch: Batch) -> Committed:
    context = load_batch_context(event.pk, batch.commands, digest=batch.digest)
    now = next_moment(event)
    done = allocate(seats=_seats(event), commands=context.fresh, ledger=context.ledger, now_ms=to_ms(now))
    known = known_outcomes(event.pk, [request.key for request in batch.poisoned])
    poisoned = {request.key: request for request in batch.poisoned if request.key not in known}
    written = write(event, context.fresh, done, poisoned=list(poisoned.values()), now=now)
    return _with_outcomes(written, context.repeated)


def _commit_one_by_one(event_id: int, batch: Batch) -> Committed:
    """The slow way round a poisoned batch: a savepoint for each entry, one transaction around all."""
    parts: list[Committed] = []
    alone = replace(batch, commands=(), poisoned=(), before_commit=lambda: None)
    with transaction.atomic():
        _lock(event_id)
        for command in batch.commands:
            parts.append(_commit_alone(event_id, alone, command))
            alone = replace(alone, published_ms=None)
            if parts[-1].unfinished:
                break
        parts.append(_commit(event_id, replace(alone, poisoned=batch.poisoned, before_commit=batch.before_commit)))
    return Committed(
        event=parts[-1].event,
        outcomes=list(latest(outcome for part in parts for outcome in part.outcomes).values()),
        decided=sum(part.decided for part in parts),
        rewound=any(part.rewound for part in parts),
        unfinished=next((part.unfinished for part in parts if part.unfinished), None),
        messages=sum(part.messages for part in parts),
    )


def _commit_alone(event_id: int, alone: Batch, command: Command) -> Committed:
    try:
        with transaction.atomic():
            return _commit(event_id, replace(alone, commands=[command]))
    except _REFUSED as problem:
        if isinstance(command, Request):
            with transaction.atomic():
                blank = Request.blank(command.key, command.sequence, command.requested_ms, mark=command.mark)
                return _commit(event_id, replace(alone, poisoned=[blank]))
        # An order that the ledger cannot carry out must not hold up everybody behind it.
        logger.error("an order was refused", event_id=event_id, problem=type(problem).__name__)
        with transaction.atomic():
            return _commit(event_id, alone)
