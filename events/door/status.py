"""`GET /registrations/{ticket_id}`: a ticket's status, at once or (`?wait=`) when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import random
from typing import NamedTuple

from msgspec import Struct

from events.domain.tickets import Tickets
from events.door import responses
from events.door.disconnect import ClientDisconnected, cancel_on_disconnect
from events.door.etags import known_statuses, matches
from events.door.responses import Response
from events.door.ticket import code_of, ticket_response
from events.door.ticket_status import Answer, TicketStatus, TicketStatusReader, status_in_redis
from events.door.watch_hub import WatchHub
from omnify.common.asgi_types import Receive
from omnify.common.batcher import Waiter


class Hold(NamedTuple):
    """A long poll: for how many seconds, and `receive`, which tells that the client disconnects."""

    seconds: int
    receive: Receive


class Poll(Struct, frozen=True, gc=False):
    """A request for the status of a genuine ticket."""

    ticket_id: str
    event_id: int
    key: str
    if_none_match: str


class StatusReader:
    """Reads the status of any ticket."""

    def __init__(
        self, *, tickets: Tickets, reader: TicketStatusReader, hub: WatchHub, jitter: Callable[[], float] = random
    ) -> None:
        self._tickets = tickets
        self._reader = reader
        self._hub = hub
        self._jitter = jitter

    async def read(self, ticket_id: str, *, if_none_match: str = "", hold: Hold | None = None) -> Response:
        """Returns the response for one ticket, at once without `hold`. Raises QueueUnavailable, DatabaseUnavailable."""
        poll = self.prepare(ticket_id, if_none_match)
        if poll is None:
            return responses.ticket_not_found()
        ticket = await self._reader.read(poll.event_id, poll.key)
        if hold is not None and not ticket.terminal and _knows(if_none_match, ticket):
            ticket = await self._hold(poll.event_id, poll.key, ticket, hold)
        return self._respond(poll, ticket)

    def prepare(self, ticket_id: str, if_none_match: str) -> Poll | None:
        """Reads the ticket's id; None if it was never given out."""
        parsed = self._tickets.parse(ticket_id)
        if parsed is None:
            return None
        event_id, key = parsed
        return Poll(ticket_id, event_id, key, if_none_match)

    def put(self, poll: Poll, waiter: Waiter[Answer]) -> None:
        """Has `waiter` told what Redis knows, which `respond` turns into the response; or QueueUnavailable."""
        self._reader.put(poll.event_id, poll.key, waiter)

    def respond(self, poll: Poll, answer: Answer) -> Response | None:
        """Builds the response to Redis's answer; None if the ledger must be asked, with `read_ledger`."""
        ticket = status_in_redis(poll.key, answer)
        return None if ticket is None else self._respond(poll, ticket)

    async def read_ledger(self, poll: Poll, answer: Answer) -> Response:
        """Builds the response after a look into the ledger. Raises DatabaseUnavailable."""
        return self._respond(poll, await self._reader.ask_ledger(poll.event_id, poll.key, answer))

    def _respond(self, poll: Poll, ticket: TicketStatus) -> Response:
        """Builds the 200 with this ticket, or the 304 for a client that has it."""
        code = code_of(self._tickets, poll.ticket_id, ticket)
        response = ticket_response(poll.ticket_id, poll.event_id, ticket, jitter=self._jitter(), code=code)
        if poll.if_none_match and matches(response.header(b"etag"), poll.if_none_match):
            return Response(304, b"", response.headers)
        return response

    async def _hold(self, event_id: int, key: str, known: TicketStatus, hold: Hold) -> TicketStatus:
        """Waits until the status changes or the time is over. A change of position alone does not end it."""
        with self._hub.watch(event_id, key, known, kind="poll") as watch:
            try:
                async with cancel_on_disconnect(hold.receive), asyncio.timeout(hold.seconds):
                    await self._hub.subscribe(event_id, watch)
                    while watch.latest.status is known.status and not self._hub.ending:
                        await watch.changed()
            except ClientDisconnected:
                return known
            except TimeoutError:
                # The latest known status may be old, if Redis became unavailable.
                return await self._reader.read(event_id, key)
            return watch.latest


def _knows(if_none_match: str, ticket: TicketStatus) -> bool:
    """Tells whether the client knows the current status, by its tags. One that missed a change is answered at once."""
    known = known_statuses(if_none_match)
    return not known or ticket.status in known
