"""`GET /registrations/{ticket_id}`: where a ticket stands, at once or (`?wait=`) when its status changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import random
from typing import NamedTuple

from events.domain.tickets import Tickets
from events.door import responses
from events.door.disconnect import ClientDisconnected, cancel_on_disconnect
from events.door.etags import known_statuses, matches
from events.door.responses import Response
from events.door.ticket import code_of, ticket_answer
from events.door.ticket_status import TicketStatus, TicketStatusReader
from events.door.watch_hub import WatchHub
from omnify.common.asgi_types import Receive


class Hold(NamedTuple):
    """A long poll: how long the client may be held, and the way to notice that it hangs up."""

    seconds: int
    receive: Receive


class StatusReader:
    """Answers status questions of all events."""

    def __init__(
        self, *, tickets: Tickets, reader: TicketStatusReader, hub: WatchHub, jitter: Callable[[], float] = random
    ) -> None:
        self._tickets = tickets
        self._reader = reader
        self._hub = hub
        self._jitter = jitter

    async def read(self, ticket_id: str, *, if_none_match: str = "", hold: Hold | None = None) -> Response:
        """The answer for one ticket, at once without `hold`. Raises QueueUnavailable, DatabaseUnavailable."""
        parsed = self._tickets.parse(ticket_id)
        if parsed is None:
            return responses.ticket_not_found()
        event_id, key = parsed
        ticket = await self._reader.read(event_id, key)
        if hold is not None and not ticket.terminal and _knows(if_none_match, ticket):
            ticket = await self._hold(event_id, key, ticket, hold)
        code = code_of(self._tickets, ticket_id, ticket)
        answer = ticket_answer(ticket_id, event_id, ticket, jitter=self._jitter(), code=code)
        if if_none_match and matches(answer.header(b"etag"), if_none_match):
            return Response(304, b"", answer.headers)
        return answer

    async def _hold(self, event_id: int, key: str, known: TicketStatus, hold: Hold) -> TicketStatus:
        """The ticket once its status is another one, or when the time is over; a step in line alone ends nothing."""
        with self._hub.watch(event_id, key, known, kind="poll") as watch:
            try:
                async with cancel_on_disconnect(hold.receive), asyncio.timeout(hold.seconds):
                    await self._hub.subscribe(event_id, watch)
                    while watch.latest.status is known.status and not self._hub.ending:
                        await watch.changed()
            except ClientDisconnected:
                return known
            except TimeoutError:
                # What was heard last may be old, if Redis has gone away meanwhile.
                return await self._reader.read(event_id, key)
            return watch.latest


def _knows(if_none_match: str, ticket: TicketStatus) -> bool:
    """Whether the client knows the present status, as far as its tags say. One that has missed a change is told so at
    once."""
    known = known_statuses(if_none_match)
    return not known or ticket.status in known
