"""`DELETE /registrations/{ticket_id}`: a ticket is given back. The cancellation takes its turn in the event's queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from events.admission.gate import EventNotLoaded, Gate
from events.domain.states import HOLDING
from events.domain.tickets import Tickets, reference
from events.domain.times import iso
from events.door import responses
from events.door.loader import Loader
from events.door.responses import Response
from events.door.status import StatusReader
from omnify.common.batcher import EventBatchers
from omnify.common.envelope import Code
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# What cancel.lua is asked for each ticket (its key, and whether the ledger holds a place for it), and what it answers.
Question = tuple[str, bool]
Reply = list[Any]


class Canceller:
    """Takes cancellations of all events in, one batcher for each event that is busy."""

    def __init__(
        self, *, gate: Gate, tickets: Tickets, loader: Loader, statuses: StatusReader, wake: Callable[[int], None]
    ) -> None:
        self._gate = gate
        self._tickets = tickets
        self._loader = loader
        self._statuses = statuses
        self._wake = wake
        self._batchers = EventBatchers[Question, Reply](self._send)

    async def cancel(self, ticket_id: str) -> Response:
        """202 with the ticket, whether there was something to cancel or not, or 409.

        Raises QueueUnavailable, DatabaseUnavailable.
        """
        parsed = self._tickets.parse(ticket_id)
        if parsed is None:
            return responses.refuse(404, Code.TICKET_NOT_FOUND, "There is no such ticket.")
        kind, *details = await self._take_in(*parsed)
        if kind == "i":
            return _already_in(details[0])
        if kind == "e":
            return responses.refuse(409, Code.EVENT_OVER, "The event is over: no seat moves any more.")
        answer = await self._statuses.read(ticket_id)
        return answer if answer.status != 200 else _accepted(answer, int(details[0]) if details else None)

    async def _take_in(self, event_id: int, key: str) -> Reply:
        """cancel.lua's answer, after a look into the ledger where Redis does not know the ticket."""
        reply = await self._ask(event_id, (key, False))
        if reply[0] != "x":
            return reply
        # Decided long ago, or lost: the ledger knows.
        outcome = await self._loader.find_outcome(event_id, key)
        if outcome is None or outcome.status not in HOLDING:
            return ["n"]
        if outcome.checked_in_ms is not None:
            return ["i", outcome.checked_in_ms]
        return await self._ask(event_id, (key, True))

    async def _ask(self, event_id: int, question: Question) -> Reply:
        try:
            return await self._batchers.ask(event_id, question)
        except EventNotLoaded:
            if not await self._loader.load_event(event_id):
                return ["n"]
            return await self._batchers.ask(event_id, question)

    async def _send(self, event_id: int, questions: list[Question]) -> list[Reply]:
        reply = await self._gate.cancel(event_id, questions)
        if reply.wake:
            self._wake(event_id)
        pairs = zip(questions, reply.answers, strict=True)
        refs = [reference(event_id, question[0]) for question, answer in pairs if answer[0] == "a"]
        if refs:
            logger.info("cancellation admitted", event_id=event_id, tickets=refs)
        return reply.answers


def _already_in(checked_in_ms: int) -> Response:
    """The same words as at the entrance."""
    first = iso(checked_in_ms)
    message = f"This ticket was checked in already, at {first}."
    return responses.refuse(409, Code.ALREADY_CHECKED_IN, message, errors={"checked_in_at": [first]})


def _accepted(answer: Response, place: int | None) -> Response:
    """The ticket as it is read, as a 202, with the place at which the cancellation takes its turn."""
    body = msgspec.json.decode(answer.body)
    body["message"] = "Cancellation received." if place else "There is nothing to cancel."
    body["data"]["cancellation_sequence"] = place
    headers = [header for header in answer.headers if header[0] not in (b"etag", b"retry-after")]
    if place:
        headers.append((b"retry-after", b"1"))
    return Response(202, msgspec.json.encode(body), headers)
