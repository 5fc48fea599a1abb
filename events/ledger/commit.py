"""One batch of the queue, decided and written in one transaction under the event's row lock.

Applying a batch twice is harmless: rows that the ledger already has are left unchanged and reported again, so a drain
that died between commit and publish is repaired by the next one. Tickets that a batch changes without naming them
(promotions from the waitlist, tickets of a cancelled event) are found by the time of that commit: see `unpublished`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.db import DataError, IntegrityError, transaction

from events.domain.all_fit import all_fit
from events.domain.allocation import LedgerView
from events.domain.commands import Command, Request
from events.domain.sequences import number_anew
from events.domain.snapshot import NOT_PUBLISHED, CopyProgress
from events.ledger.batch_context import Digest, load_batch_context
from events.ledger.counters import seats_of, with_types
from events.ledger.database import database
from events.ledger.decision_log.append import OpenLog, open_log
from events.ledger.draw.steps import forget_order, next_draw, take_step
from events.ledger.plan import Plan, make_plan
from events.ledger.records import RowsExist
from events.ledger.tickets import known_outcomes
from events.ledger.unpublished import unpublished_codes, unpublished_outcomes
from events.ledger.write import Committed, next_moment, write
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
        draft: what `events.ledger.draft` made of these `commands`; that of any others is not used.
        digest: turns an `email_key` into its digest in Redis.
        published: the event's copy in Redis, read before this; its time is that up to which changes are published.
        queue_now: reads the queue's clock (ms), from which a hold runs. Called for events with a hold or
            with addresses to prove only.
        before_write: called when all is decided and the rows go to the database, which takes a while. More than once if
            the database refuses them.
        before_commit: called last inside the transaction.
    """

    commands: Sequence[Command]
    poisoned: Sequence[Request] = ()
    draft: Plan | None = None
    digest: Digest
    published: CopyProgress = NOT_PUBLISHED
    queue_now: Callable[[], int] = lambda: 0
    before_write: Callable[[], None] = lambda: None
    before_commit: Callable[[], None] = lambda: None


def commit_batch(event_id: int, batch: Batch) -> Committed:
    """Decides a batch and writes it.

    Data that the database refuses costs only its own entry: the batch is then written one entry at a time.

    Raises:
        NoSuchEvent: there is no such event.
        LedgerBehind: `batch.published` has what the ledger lacks; nothing was written.
        CopyBehind: `batch.published` lacks much that the ledger has; nothing was written.
        django.db.OperationalError, InterfaceError: the database is out of reach; nothing was written. Likewise for what
            `batch.queue_now` raises.
    """
    try:
        return _commit(event_id, batch)
    except _REFUSED as problem:
        # The database's message may quote an e-mail address, so only the type of the error is logged.
        logger.warning("a batch was refused", event_id=event_id, problem=type(problem).__name__)
        return _commit_one_by_one(event_id, batch)


def _commit(event_id: int, batch: Batch) -> Committed:
    with transaction.atomic():
        event = _lock(event_id)
        earlier = unpublished_outcomes(event, batch.published, digest=batch.digest)
        log = open_log(event)
        fits = _all_fit(event, batch)
        done = (
            (fits and _commit_optimistically(event, batch, log))
            or (event.awaits_draw and _commit_around_draw(event, batch, log))
            or _commit_with_context(event, batch, log)
        )
        if event.has_codes:
            done = replace(done, codes=unpublished_codes(event, batch.published))
        batch.before_commit()
    return done.with_earlier(*earlier)


def _lock(event_id: int) -> Event:
    event = database().lock_event(event_id)
    if event is None:
        raise NoSuchEvent(event_id)
    with_types([event])
    return event


def _all_fit(event: Event, batch: Batch) -> bool:
    """Tells whether the batch holds only new registrations, and every one of them gets a seat."""
    if batch.poisoned or (batch.commands and batch.commands[0].sequence <= event.last_sequence):
        return False
    return all_fit(seats_of(event), batch.commands)


def _commit_optimistically(event: Event, batch: Batch, log: OpenLog | None) -> Committed | None:
    """Decides as if the ledger had no ticket or e-mail of the batch; None if a unique index says that it has.

    The door refuses nearly all duplicates, and a ticket comes twice only after a crash, so reading first would cost a
    sixth of a batch's time for nothing. Only while all fit: then a row under a known e-mail is a second seat, which the
    unique index refuses. (On a full event it would be a rejection, which no index refuses.) No savepoint is needed: the
    rows come first, and all of them or none.
    """
    plan = _drafted(event, batch, log) or _plan(event, batch, log, batch.commands, LedgerView())
    batch.before_write()
    try:
        return write(event, plan, log)
    except RowsExist:
        return None


def _drafted(event: Event, batch: Batch, log: OpenLog | None) -> Plan | None:
    """Returns the batch's draft; None if it has none, or the event is not as it expected."""
    draft, decided_at = batch.draft, event.decided_at
    # A batch that is written one entry at a time has other commands than its draft.
    if draft is None or draft.commands is not batch.commands or draft.seats != seats_of(event):
        return None
    if draft.maker != (log.maker if log else None):
        return None
    return draft if decided_at is None or draft.now > decided_at else None


def _commit_with_context(event: Event, batch: Batch, log: OpenLog | None) -> Committed:
    """Reads what the ledger has about the batch, and decides the rest."""
    context = load_batch_context(event.pk, batch.commands, seats=seats_of(event), digest=batch.digest)
    known = known_outcomes(event.pk, [request.key for request in batch.poisoned])
    poisoned = {request.key: request for request in batch.poisoned if request.key not in known}
    commands, refused = number_anew(event.last_sequence, context.pending, list(poisoned.values()))
    plan = _plan(event, batch, log, commands, context.ledger, refused)
    batch.before_write()
    done = write(event, plan, log)
    rewound = commands is not context.pending
    return replace(done, rewound=rewound).with_earlier(context.decided)


def _commit_around_draw(event: Event, batch: Batch, log: OpenLog | None) -> Committed | None:
    """Takes a step of the draw if it is the turn of that, or commits what is in front of it; None if none is due."""
    if event.cancelled_at is not None:
        forget_order(event.pk)
        return None
    draw = next_draw(event, batch.commands, batch.poisoned)
    if draw is None:
        return None
    if not (draw.commands or draw.poisoned):
        return take_step(event, draw.command, log, digest=batch.digest, queue_now=batch.queue_now)
    done = _commit_with_context(event, replace(batch, commands=draw.commands, poisoned=draw.poisoned), log)
    return done if done.unfinished else replace(done, unfinished=draw.command.key)


def _plan(
    event: Event,
    batch: Batch,
    log: OpenLog | None,
    commands: Sequence[Command],
    ledger: LedgerView,
    poisoned: Sequence[Request] = (),
) -> Plan:
    return make_plan(
        seats=seats_of(event),
        commands=commands,
        ledger=ledger,
        poisoned=poisoned,
        now=next_moment(event),
        queue_ms=batch.queue_now() if event.hold_seconds is not None or event.verify_email else 0,
        maker=log.maker if log else None,
    )


def _commit_one_by_one(event_id: int, batch: Batch) -> Committed:
    """Commits a batch with data that the database refuses: a savepoint for each entry, one transaction for all."""
    parts: list[Committed] = []
    alone = replace(batch, commands=(), poisoned=(), before_commit=lambda: None)
    poisoned = {request.key for request in batch.poisoned}
    with transaction.atomic():
        _lock(event_id)
        for command in sorted((*batch.commands, *batch.poisoned), key=lambda command: command.sequence):
            parts.append(_commit_alone(event_id, alone, command, poisoned=command.key in poisoned))
            alone = replace(alone, published=NOT_PUBLISHED)
            if parts[-1].unfinished:
                break
        parts.append(_commit(event_id, replace(alone, before_commit=batch.before_commit)))
    return Committed.merged(parts)


def _commit_alone(event_id: int, alone: Batch, command: Command, *, poisoned: bool) -> Committed:
    try:
        with transaction.atomic():
            if poisoned and isinstance(command, Request):
                return _commit(event_id, replace(alone, poisoned=[command]))
            return _commit(event_id, replace(alone, commands=[command]))
    except _REFUSED as problem:
        if isinstance(command, Request):
            with transaction.atomic():
                blank = Request.blank(command.key, command.sequence, command.requested_ms, mark=command.mark)
                return _commit(event_id, replace(alone, poisoned=[blank]))
        # A command that the database refuses must not block the commands after it.
        logger.error("a command was refused", event_id=event_id, problem=type(problem).__name__)
        with transaction.atomic():
            return _commit(event_id, alone)
