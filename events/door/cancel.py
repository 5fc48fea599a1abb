"""`DELETE /registrations/{ticket_id}`: cancels a ticket. The cancellation takes its turn in the event's queue."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import astuple

from events.admission.calls import CancelRequest
from events.admission.cancel_replies import (
    CancelAnswer,
    CancellationClosed,
    CancellationQueued,
    CancellationRepeated,
    CheckedIn,
    EventOver,
    NothingToCancel,
)
from events.admission.gate import Gate
from events.admission.replies import NotInRedis
from events.domain.public.ticket import CancelledTicket, Ticket
from events.domain.states import HOLDING, Status
from events.domain.tickets import Tickets
from events.domain.times import iso
from events.door import responses
from events.door.loader import Loader
from events.door.responses import Response
from events.door.ticket_commands import TicketCommands
from events.door.ticket_status import TicketStatusReader
from omnify.common.envelope import Code


class Canceller:
    """Enqueues cancellations of all events, with one batcher for each busy event."""

    def __init__(
        self, *, gate: Gate, tickets: Tickets, loader: Loader, reader: TicketStatusReader, wake: Callable[[int], None]
    ) -> None:
        self._tickets = tickets
        self._loader = loader
        self._commands = TicketCommands[CancelRequest, CancelAnswer](
            "cancellation",
            send=gate.cancel,
            queued=CancellationQueued,
            show=_show,
            tickets=tickets,
            loader=loader,
            reader=reader,
            wake=wake,
        )

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
        return await self._commands.accepted(ticket_id, *parsed, sequence, done="There is nothing to cancel.")

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
        waits = outcome.status in (Status.ENTERED, Status.WAITLISTED, Status.HELD)
        return await self._ask(event_id, CancelRequest(key, held_in_ledger=True, exempt=waits))

    async def _ask(self, event_id: int, request: CancelRequest) -> CancelAnswer:
        return await self._commands.enqueue(event_id, request) or NothingToCancel()


def _show(ticket: Ticket, sequence: int | None) -> CancelledTicket:
    return CancelledTicket(*astuple(ticket), cancellation_sequence=sequence)


def _already_checked_in(checked_in_ms: int) -> Response:
    """Builds the refusal, in the same words as at the entrance."""
    first = iso(checked_in_ms)
    message = f"This ticket was checked in already, at {first}."
    return responses.refuse(409, Code.ALREADY_CHECKED_IN, message, errors={"checked_in_at": [first]})
