"""What a cancellation and a confirmation share: a batcher for each busy event, and the 202 that shows the ticket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from events.domain.public.ticket import Ticket
from events.domain.tickets import Tickets, reference
from events.door import responses
from events.door.loader import Loader
from events.door.loading_batchers import LoadingBatchers
from events.door.responses import Response
from events.door.ticket import code_of, render
from events.door.ticket_status import TicketStatusReader
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class _OfTicket(Protocol):
    @property
    def key(self) -> str: ...


Request = TypeVar("Request", bound=_OfTicket)
Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)


class _Reply(Protocol[Answer_co]):
    """What admission answers to a batch, in its order; `wake`: the event was idle."""

    @property
    def wake(self) -> bool: ...
    @property
    def answers(self) -> Sequence[Answer_co]: ...


class TicketCommands(Generic[Request, Answer]):
    """Enqueues one kind of command about tickets.

    Args:
        name: of the kind, for logs and people: "cancellation".
        send: the gate's call for a batch.
        queued: the answer that means that the command is in the queue.
        show: the ticket with the sequence of its command, or None where there was nothing to enqueue.
    """

    def __init__(
        self,
        name: str,
        *,
        send: Callable[[int, list[Request]], Awaitable[_Reply[Answer]]],
        queued: type[Answer],
        show: Callable[[Ticket, int | None], Ticket],
        tickets: Tickets,
        loader: Loader,
        reader: TicketStatusReader,
        wake: Callable[[int], None],
    ) -> None:
        self._name = name
        self._send = send
        self._queued = queued
        self._show = show
        self._tickets = tickets
        self._reader = reader
        self._wake = wake
        self._batchers = LoadingBatchers[Request, Answer](loader, self._send_batch)

    async def enqueue(self, event_id: int, request: Request) -> Answer | None:
        """Asks admission; None if there is no such event. Raises QueueUnavailable, DatabaseUnavailable."""
        return await self._batchers.ask(event_id, request)

    async def _send_batch(self, event_id: int, requests: list[Request]) -> Sequence[Answer]:
        reply = await self._send(event_id, requests)
        if reply.wake:
            self._wake(event_id)
        pairs = zip(requests, reply.answers, strict=True)
        refs = [reference(event_id, request.key) for request, answer in pairs if isinstance(answer, self._queued)]
        if refs:
            logger.info(f"{self._name} admitted", event_id=event_id, tickets=refs)
        return reply.answers

    async def accepted(self, ticket_id: str, event_id: int, key: str, sequence: int | None, *, done: str) -> Response:
        """Builds the 202 with the ticket and the command's sequence; None if there was nothing to do, as `done` says.

        Raises QueueUnavailable, DatabaseUnavailable.
        """
        ticket = await self._reader.read(event_id, key)
        rendered = render(ticket_id, event_id, ticket, code_of(self._tickets, ticket_id, ticket))
        data = self._show(rendered, sequence)
        if sequence is None:
            return responses.ok(data, message=done, status=202)
        headers = ((b"retry-after", b"1"),)
        return responses.ok(data, message=f"{self._name.capitalize()} received.", status=202, headers=headers)
