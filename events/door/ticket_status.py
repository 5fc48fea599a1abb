"""The status of tickets: from Redis in batches, and from the ledger where Redis does not know it.

A GET, a long poll and a stream of events use the same read, and so show the same status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.seats_text import read_seats
from events.admission.status_replies import Decided, Dropped, Queued, StatusAnswer, Waitlisted
from events.domain.holds import ConfirmedBy
from events.domain.outcome import Outcome
from events.domain.states import TERMINAL, Reason, Status
from events.domain.tickets import reference
from events.domain.waiting import estimated_seconds
from events.door.catch_up import CatchUp, QueueBehind
from events.door.loader import DatabaseUnavailable, Loader
from omnify.common import metrics
from omnify.common.batcher import EventBatchers
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# Looking a member up in its class costs several times as much.
_QUEUED = Status.QUEUED


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What Redis knows of one ticket, and its event's decisions per second."""

    known: StatusAnswer
    rate: float


class TicketStatus(msgspec.Struct, frozen=True, gc=False):
    """The status of one ticket. Times in milliseconds since 1970, UTC.

    `position` is the position in line while queued and on the waitlist while waitlisted (None: not known now).
    `revision` grows with every change of the status; it is 0 before the first decision.
    `confirmed_by` may confirm it now; None if there is nothing to confirm.
    """

    status: Status
    revision: int
    sequence: int | None
    requested_ms: int | None
    decided_ms: int | None = None
    reason: Reason | None = None
    position: int | None = None
    estimated_seconds: float | None = None
    checked_in_ms: int | None = None
    expires_ms: int | None = None
    quantity: int = 1
    type_id: int = 0
    checked_in_quantity: int = 0
    confirmed_by: ConfirmedBy | None = None
    unlikely: bool = False

    @property
    def terminal(self) -> bool:
        """Whether the status is final, so that a client can stop waiting."""
        return self.status in TERMINAL


class TicketStatusReader:
    """Reads tickets of all events, with one batcher for each event that is asked about."""

    def __init__(self, *, gate: Gate, loader: Loader, catch_up: CatchUp) -> None:
        self._gate = gate
        self._loader = loader
        self._catch_up = catch_up
        self._batchers = EventBatchers[str, Answer](self._ask_redis)
        # `put(event_id, key, waiter)`: has it told Redis's answer, which `status_in_redis` reads, or the exceptions of
        # `read`.
        self.put = self._batchers.put

    async def read(self, event_id: int, key: str) -> TicketStatus:
        """Reads one ticket, in one batch with all that are read at the same time.

        Raises QueueUnavailable, DatabaseUnavailable.
        """
        answer = await self._batchers.ask(event_id, key)
        return status_in_redis(key, answer) or await self.ask_ledger(event_id, key, answer)

    async def read_all(self, event_id: int, keys: Sequence[str]) -> dict[str, TicketStatus]:
        """Reads several tickets in one call; leaves out those that only the ledger knows while it is unavailable.

        Raises QueueUnavailable, DatabaseUnavailable: none can be read.
        """
        found: dict[str, TicketStatus] = {}
        unknown: dict[str, Answer] = {}
        for key, answer in zip(keys, await self._ask_redis(event_id, keys), strict=True):
            status = status_in_redis(key, answer)
            if status is None:
                unknown[key] = answer
            else:
                found[key] = status
        asked = [self.ask_ledger(event_id, key, answer) for key, answer in unknown.items()]
        for key, result in zip(unknown, await asyncio.gather(*asked, return_exceptions=True), strict=True):
            if isinstance(result, TicketStatus):
                found[key] = result
            elif not isinstance(result, DatabaseUnavailable):
                raise result
        return found

    async def _ask_redis(self, event_id: int, keys: Sequence[str]) -> list[Answer]:
        reply = await self._gate.statuses(event_id, keys)
        if reply.may_be_behind:
            await self._catch_up(event_id)
            reply = await self._gate.statuses(event_id, keys)
            if reply.may_be_behind:
                raise QueueBehind("another server has taken over")
        return [Answer(answer, reply.rate) for answer in reply.answers]

    async def ask_ledger(self, event_id: int, key: str, answer: Answer) -> TicketStatus:
        """Reads a ticket about which Redis does not know enough. Raises DatabaseUnavailable."""
        known = answer.known
        if isinstance(known, Waitlisted):
            return await self._waitlisted(event_id, known.outcome(key))
        outcome = await self._loader.find_outcome(event_id, key)
        if outcome is None:
            return await self._lost(event_id, key, known)
        if outcome.status is Status.WAITLISTED:
            return await self._waitlisted(event_id, outcome)
        return _decided(outcome)

    async def _waitlisted(self, event_id: int, outcome: Outcome) -> TicketStatus:
        """Reads a ticket whose position Redis does not know. Its waitlist has gaps: a promotion may be missing too."""
        try:
            position = await self._loader.waitlist_position(event_id, outcome.key)
            if position is not None:
                return _decided(outcome, position)
            newest = await self._loader.find_outcome(event_id, outcome.key)
        except DatabaseUnavailable:
            # That it is waitlisted is known; the position can wait for the ledger.
            return _decided(outcome)
        return _decided(outcome if newest is None or newest.revision < outcome.revision else newest)

    async def _lost(self, event_id: int, key: str, answer: StatusAnswer) -> TicketStatus:
        """Reports a genuine ticket that is neither waiting nor decided: it was acknowledged, and lost since."""
        sequence, requested_ms = (answer.sequence, answer.requested_ms) if isinstance(answer, Dropped) else (None, None)
        logger.error("a ticket is lost", event_id=event_id, ticket=reference(event_id, key), sequence=sequence)
        try:
            if await self._gate.note_lost(event_id, key, sequence or 0):
                metrics.LOST.labels("asked").inc()
        except QueueUnavailable:
            logger.throttled_warning("a lost ticket was not written down", event_id=event_id)
        return TicketStatus(Status.LOST, 0, sequence, requested_ms)


def status_in_redis(key: str, answer: Answer) -> TicketStatus | None:
    """Returns the status as far as Redis knows it; None: the ledger must be asked."""
    known = answer.known
    if isinstance(known, Queued):
        return _queued(known, answer.rate)
    if isinstance(known, Decided):
        return _decided(known.outcome(key))
    if isinstance(known, Waitlisted) and known.position:
        return _decided(known.outcome(key), known.position)
    return None


def _queued(answer: Queued, rate: float) -> TicketStatus:
    asked = read_seats(answer.seats)
    return TicketStatus(
        _QUEUED,
        0,
        answer.sequence,
        answer.requested_ms,
        position=answer.position,
        estimated_seconds=estimated_seconds(position=answer.position, rate=rate),
        quantity=asked.quantity,
        type_id=asked.type_id,
        unlikely=answer.unlikely,
    )


def _decided(outcome: Outcome, position: int | None = None) -> TicketStatus:
    return TicketStatus(
        outcome.status,
        outcome.revision,
        outcome.sequence,
        outcome.requested_ms,
        outcome.decided_ms,
        outcome.reason,
        position,
        checked_in_ms=outcome.checked_in_ms,
        expires_ms=outcome.expires_ms,
        quantity=outcome.quantity,
        type_id=outcome.type_id,
        checked_in_quantity=outcome.checked_in_quantity,
        confirmed_by=outcome.confirmed_by,
    )
