"""`GET /registrations/{ticket_id}/events`: a ticket as server-sent events, until its status is final.

    retry: 3120                        once, in milliseconds
    id: "q-6f0c..."                    the ticket's ETag
    data: {"ticket_id": ...}           the same object as GET's `data`

    : keep-alive                       so that no proxy closes the connection as idle

(WHATWG HTML, 9.2 "Server-sent events")
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import random

from events.admission.errors import QueueUnavailable
from events.domain.tickets import Tickets
from events.domain.waiting import reconnect_ms
from events.door import responses
from events.door.disconnect import ClientDisconnected, cancel_on_disconnect
from events.door.loader import DatabaseUnavailable
from events.door.responses import Response
from events.door.ticket import Shown, code_of, show
from events.door.ticket_status import TicketStatus, TicketStatusReader
from events.door.watch_hub import WatchHub
from omnify.common.asgi_types import Header, Receive, Send

KEEP_ALIVE = b": keep-alive\n\n"
HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back until its buffer is full
)


def event_text(shown: Shown) -> bytes:
    """Renders a ticket as one event. The JSON from `show` has no line breaks."""
    return b"id: %b\ndata: %b\n\n" % (shown.tag, shown.data)


def retry_text(jitter: float) -> bytes:
    """Renders the time after which a client reconnects when the connection breaks."""
    return f"retry: {reconnect_ms(jitter=jitter)}\n".encode()


class Streams:
    """Opens streams of any ticket."""

    def __init__(
        self, *, tickets: Tickets, reader: TicketStatusReader, hub: WatchHub, jitter: Callable[[], float] = random
    ) -> None:
        self._tickets = tickets
        self._reader = reader
        self._hub = hub
        self._jitter = jitter

    async def open(self, ticket_id: str, *, last_event_id: str) -> Response | Stream:
        """Returns a stream to run, or a response instead of it. Raises QueueUnavailable, DatabaseUnavailable."""
        parsed = self._tickets.parse(ticket_id)
        if parsed is None:
            return responses.ticket_not_found()
        event_id, key = parsed
        ticket = await self._reader.read(event_id, key)
        stream = Stream(self._hub, self._tickets, ticket_id, event_id, key, ticket, retry_text(self._jitter()))
        if ticket.terminal and stream.shown(ticket).tag.decode() == last_event_id.strip():
            # The client has the final status. An EventSource reconnects without end after any status but 204.
            return Response(204, b"")
        return stream


class Stream:
    """One open stream."""

    __slots__ = ("_event_id", "_first", "_hub", "_key", "_opening", "_ticket_id", "_tickets")

    def __init__(
        self,
        hub: WatchHub,
        tickets: Tickets,
        ticket_id: str,
        event_id: int,
        key: str,
        first: TicketStatus,
        opening: bytes,
    ) -> None:
        self._hub = hub
        self._tickets = tickets
        self._ticket_id = ticket_id
        self._event_id = event_id
        self._key = key
        self._first = first
        self._opening = opening

    async def run(self, receive: Receive, send: Send) -> None:
        """Sends until the status is final, the server stops or the client disconnects."""
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        with contextlib.suppress(ClientDisconnected):
            async with cancel_on_disconnect(receive):
                if self._first.terminal:
                    await self._send(send, self._opening + self._text(self._first))
                else:
                    await self._follow(send)
                await send({"type": "http.response.body", "body": b""})

    async def show_headers(self, send: Send) -> None:
        """Responds to HEAD."""
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b""})

    async def _follow(self, send: Send) -> None:
        sent = self._first
        await self._send(send, self._opening + self._text(sent))
        with self._hub.watch(self._event_id, self._key, sent, kind="stream") as watch:
            with contextlib.suppress(QueueUnavailable, DatabaseUnavailable):
                # If a store is unavailable now, the ticket is read again at the next tick.
                await self._hub.subscribe(self._event_id, watch)
            while not (sent.terminal or self._hub.ending):
                await watch.changed()
                latest = watch.latest
                await self._send(send, KEEP_ALIVE if latest == sent else self._text(latest))
                sent = latest

    def _text(self, ticket: TicketStatus) -> bytes:
        return event_text(self.shown(ticket))

    def shown(self, ticket: TicketStatus) -> Shown:
        """Renders the ticket with its check-in code."""
        code = code_of(self._tickets, self._ticket_id, ticket)
        return show(self._ticket_id, self._event_id, ticket, code)

    async def _send(self, send: Send, text: bytes) -> None:
        # Returns only once the client reads; meanwhile its watch keeps only the latest status.
        await send({"type": "http.response.body", "body": text, "more_body": True})
