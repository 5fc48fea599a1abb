"""`GET /registrations/{ticket_id}`: where a ticket stands."""

from __future__ import annotations

import logging
from typing import Any

from events.admission.gate import Gate, GateClosed
from events.admission.outcomes import decode_outcome
from events.domain.tickets import Tickets, ticket_ref
from events.door import answers
from events.door.answers import Answer
from events.door.batcher import EventBatchers
from events.door.loader import Loader
from omnify import metrics
from omnify.logs import log
from omnify.responses import Code

logger = logging.getLogger(__name__)

# One ticket's answer from status.lua, and the event's decisions per second.
Reply = tuple[list[Any], float]


class StatusReader:
    """Answers status questions of all events, one batcher for each event that is asked about."""

    def __init__(self, *, gate: Gate, tickets: Tickets, loader: Loader) -> None:
        self._gate = gate
        self._tickets = tickets
        self._loader = loader
        self._batchers = EventBatchers[str, Reply](self._call)

    async def read(self, ticket_id: str) -> Answer:
        """The answer for one ticket. Raises GateClosed, LedgerAway."""
        parsed = self._tickets.parse(ticket_id)
        if parsed is None:
            return answers.refuse(404, Code.TICKET_NOT_FOUND, "There is no such ticket.")
        event_id, key = parsed
        (kind, *details), rate = await self._batchers.ask(event_id, key)
        if kind == "q":
            sequence, position, requested_ms = details
            return answers.queued(
                ticket_id=ticket_id,
                event_id=event_id,
                sequence=sequence,
                position=position,
                requested_ms=requested_ms,
                rate=rate,
            )
        if kind == "o":
            return answers.decided(ticket_id=ticket_id, event_id=event_id, outcome=decode_outcome(key, details[0]))
        return await self._from_ledger(ticket_id, event_id, key, *details)

    async def _from_ledger(
        self,
        ticket_id: str,
        event_id: int,
        key: str,
        sequence: int | None = None,
        requested_ms: int | None = None,
    ) -> Answer:
        outcome = await self._loader.find_outcome(event_id, key)
        if outcome is not None:
            return answers.decided(ticket_id=ticket_id, event_id=event_id, outcome=outcome)
        # Genuine, not waiting, not decided: acknowledged once, and lost since.
        metrics.LOST.inc()
        log(
            logger,
            logging.ERROR,
            "a ticket is lost",
            event_id=event_id,
            ticket=ticket_ref(key),
            sequence=sequence,
        )
        try:
            await self._gate.note_lost(event_id, key, sequence or 0)
        except GateClosed:
            log(logger, logging.WARNING, "a lost ticket was not written down", event_id=event_id)
        return answers.lost(ticket_id=ticket_id, event_id=event_id, sequence=sequence, requested_ms=requested_ms)

    async def _call(self, event_id: int, keys: list[str]) -> list[Reply]:
        standings = await self._gate.standings(event_id, keys)
        return [(answer, standings.rate) for answer in standings.answers]
