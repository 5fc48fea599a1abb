"""`DELETE /registrations/{ticket_id}`: cancels a ticket. The cancellation takes its turn in the event's queue."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import astuple

from events.admission.calls import CancelRequest
from events.admission.gate import Gate
from events.admission.replies import (
    CancelAnswer,
    CancellationClosed,
    CancellationQueued,
    CancellationRepeated,
    CheckedIn,
    EventOver,
    NothingToCancel,
    NotInRedis,
)
from events.domain.public.ticket import CancelledTicket
from events.domain.states import HOLDING, Status
from events.domain.tickets import Tickets, reference
from events.domain.times import iso
from events.door import responses
from events.door.loader import Loader
from events.door.loading_batchers import LoadingBatchers
from events.door.responses import Response
from events.door.ticket import code_of, render
from events.door.ticket_status import TicketStatusReader
from omnify.common.envelope import Code
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class Canceller:
    """Enqueues cancellations of all events, with one batcher for each busy event."""

    def __init__(
        self, *, gate: Gate, tickets: Tickets, loader: Loader, reader: TicketStatusReader, wake: Callable[[int], None]
    ) -> None:
        self._gate = gate
        self._tickets = tickets
        self._loader = loader
        self._reader = reader
        self._wake = wake
        self._batchers = LoadingBatchers[CancelRequest, CancelAnswer](loader, self._cancel_batch)

    async def cancel(self, ticket_id: str) -> Response:
        """Cancels a ticket: 202 with the ticket, even if there was nothing to cancel, or 409.

        Raises QueueUnavailable, DatabaseUnavailable.
        """
        parsed = self._tickets.parse(ticket_id)
        if parsed is None:
            return responses.ticket_not_found()
        answer = await self._enqueue(*parsed)
        if isinstance(answer, CheckedIn):
            return _already_checked_in(answer.checked_in_ms)
        if isinstance(answer, EventOver):
            return responses.refuse(409, Code.EVENT_OVER, "The event is over: no seat moves any more.")
        if isinstance(answer, CancellationClosed):
            return responses.refuse(409, Code.CANCELLATION_CLOSED, "It is too late to cancel a ticket of this event.")
        sequence = answer.sequence if isinstance(answer, CancellationQueued | CancellationRepeated) else None
        return await self._accepted(ticket_id, *parsed, sequence)

    async def _enqueue(self, event_id: int, key: str) -> CancelAnswer:
        """Asks admission; where Redis does not know the ticket, looks into the ledger first."""
        answer = await self._ask(event_id, CancelRequest(key, held_in_ledger=False))
        if not isinstance(answer, NotInRedis):
            return answer
        # Decided long ago, or lost: the ledger knows.
        outcome = await self._loader.find_outcome(event_id, key)
        if outcome is None or outcome.status not in HOLDING:
            return NothingToCancel()
        if outcome.checked_in_ms is not None:
            return CheckedIn(outcome.checked_in_ms)
        waits = outcome.status in (Status.WAITLISTED, Status.HELD)
        return await self._ask(event_id, CancelRequest(key, held_in_ledger=True, exempt=waits))

    async def _ask(self, event_id: int, request: CancelRequest) -> CancelAnswer:
        return await self._batchers.ask(event_id, request) or NothingToCancel()

    async def _cancel_batch(self, event_id: int, requests: list[CancelRequest]) -> list[CancelAnswer]:
        reply = await self._gate.cancel(event_id, requests)
        if reply.wake:
            self._wake(event_id)
        pairs = zip(requests, reply.answers, strict=True)
        refs = [reference(event_id, request.key) for request, answer in pairs if isinstance(answer, CancellationQueued)]
        if refs:
            logger.info("cancellation admitted", event_id=event_id, tickets=refs)
        return reply.answers

    async def _accepted(self, ticket_id: str, event_id: int, key: str, sequence: int | None) -> Response:
        """Builds the 202 with the ticket and the cancellation's sequence; None if there was nothing to cancel."""
        ticket = await self._reader.read(event_id, key)
        rendered = render(ticket_id, event_id, ticket, code_of(self._tickets, ticket_id, ticket))
        data = CancelledTicket(*astuple(rendered), cancellation_sequence=sequence)
        if sequence is None:
            return responses.ok(data, message="There is nothing to cancel.", status=202)
        headers = ((b"retry-after", b"1"),)
        return responses.ok(data, message="Cancellation received.", status=202, headers=headers)


def _already_checked_in(checked_in_ms: int) -> Response:
    """Builds the refusal, in the same words as at the entrance."""
    first = iso(checked_in_ms)
    message = f"This ticket was checked in already, at {first}."
    return responses.refuse(409, Code.ALREADY_CHECKED_IN, message, errors={"checked_in_at": [first]})
