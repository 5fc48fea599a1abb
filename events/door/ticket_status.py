"""Where tickets stand: from Redis in batches, and from the ledger where Redis does not know.

One reading for all who ask: a GET, a long poll and a stream of events show the same thing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from events.admission.gate import Gate, QueueUnavailable
from events.admission.outcomes import decode_outcome
from events.domain.outcome import Outcome
from events.domain.states import TERMINAL, Reason, Status
from events.domain.tickets import reference
from events.domain.waiting import estimated_seconds
from events.door.loader import DatabaseUnavailable, Loader
from omnify.common import metrics
from omnify.common.batcher import EventBatchers
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# One ticket's answer from status.lua, and the event's decisions per second.
Reply = tuple[list[Any], float]


class TicketStatus(msgspec.Struct, frozen=True, gc=False):
    """Where one ticket stands. Times in milliseconds since 1970, UTC.

    `position` is the place in line while queued and the place on the waitlist while waitlisted (None: nobody can say
    now). `revision` grows with every change of the status; it is 0 before the first decision.
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

    @property
    def terminal(self) -> bool:
        """Whether a client has nothing more to wait for."""
        return self.status in TERMINAL


class TicketStatusReader:
    """Reads where tickets of all events stand, one batcher for each event that is asked about."""

    def __init__(self, *, gate: Gate, loader: Loader) -> None:
        self._gate = gate
        self._loader = loader
        self._batchers = EventBatchers[str, Reply](self._call)

    async def read(self, event_id: int, key: str) -> TicketStatus:
        """One ticket, together with all who ask at the same time. Raises QueueUnavailable, DatabaseUnavailable."""
        (kind, *details), rate = await self._batchers.ask(event_id, key)
        if kind == "q":
            return _queued(details, rate)
        if kind == "o":
            return _decided(decode_outcome(key, details[0]))
        return await self._ask_ledger(event_id, key, kind, details)

    async def read_all(self, event_id: int, keys: Sequence[str]) -> dict[str, TicketStatus]:
        """Several tickets in one call; those that only the ledger knows are left out while it is away.

        Raises QueueUnavailable.
        """
        replies = await self._call(event_id, keys)
        found: dict[str, TicketStatus] = {}
        unknown: list[tuple[str, str, list[Any]]] = []
        for key, ((kind, *details), rate) in zip(keys, replies, strict=True):
            if kind == "q":
                found[key] = _queued(details, rate)
            elif kind == "o" or (kind == "w" and details[1]):
                found[key] = _decided(decode_outcome(key, details[0]), *details[1:])
            else:
                unknown.append((key, kind, details))
        asked = [self._ask_ledger(event_id, *one) for one in unknown]
        for (key, _, _), answer in zip(unknown, await asyncio.gather(*asked, return_exceptions=True), strict=True):
            if isinstance(answer, TicketStatus):
                found[key] = answer
            elif not isinstance(answer, DatabaseUnavailable):
                raise answer
        return found

    async def _call(self, event_id: int, keys: Sequence[str]) -> list[Reply]:
        statuses = await self._gate.statuses(event_id, keys)
        return [(answer, statuses.rate) for answer in statuses.answers]

    async def _ask_ledger(self, event_id: int, key: str, kind: str, details: list[Any]) -> TicketStatus:
        if kind == "w":
            return await self._waitlisted(event_id, decode_outcome(key, details[0]), details[1])
        outcome = await self._loader.find_outcome(event_id, key)
        if outcome is None:
            return await self._lost(event_id, key, *details)
        if outcome.status is Status.WAITLISTED:
            return await self._waitlisted(event_id, outcome, 0)
        return _decided(outcome)

    async def _waitlisted(self, event_id: int, outcome: Outcome, position: int) -> TicketStatus:
        """Redis may not know the place; and if its waitlist is not whole, it may have missed a promotion too."""
        if position:
            return _decided(outcome, position)
        try:
            place = await self._loader.waitlist_position(event_id, outcome.key)
            if place is not None:
                return _decided(outcome, place)
            newest = await self._loader.find_outcome(event_id, outcome.key)
        except DatabaseUnavailable:
            # That it is waitlisted is known; the place can wait for the ledger.
            return _decided(outcome)
        return _decided(outcome if newest is None or newest.revision < outcome.revision else newest)

    async def _lost(
        self, event_id: int, key: str, sequence: int | None = None, requested_ms: int | None = None
    ) -> TicketStatus:
        """Genuine, not waiting, not decided: acknowledged once, and lost since."""
        metrics.LOST.inc()
        fields = {"event_id": event_id, "ticket": reference(event_id, key), "sequence": sequence}
        logger.error("a ticket is lost", **fields)
        try:
            await self._gate.note_lost(event_id, key, sequence or 0)
        except QueueUnavailable:
            logger.throttled_warning("a lost ticket was not written down", event_id=event_id)
        return TicketStatus(Status.LOST, 0, sequence, requested_ms)


def _queued(details: list[Any], rate: float) -> TicketStatus:
    sequence, position, requested_ms = details
    seconds = estimated_seconds(position=position, rate=rate)
    return TicketStatus(Status.QUEUED, 0, sequence, requested_ms, position=position, estimated_seconds=seconds)


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
    )
