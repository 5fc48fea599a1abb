"""Sends requests to the service itself, as a client would, but without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from events.domain.tickets import TicketId
from events.door.event import SHOWS_DRAFTS
from omnify.common.asgi_types import ASGIApp, Header, Message, Scope

# Longer than the service itself takes to report that a store is unavailable.
RESPONSE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class ServiceResponse:
    """The service's response to one request."""

    status: int
    headers: Sequence[Header]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """Returns the value of the header `name` (lower case), None without it."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), None)

    @property
    def retry_seconds(self) -> int | None:
        """Retry-After in seconds, None without it. This service sends no dates there."""
        text = self.header(b"retry-after")
        return int(text) if text and text.isdigit() else None


def event_path(event_id: int, tail: str = "") -> str:
    """Builds the service's path of an event. Takes a number, so that no text from a client becomes part of a path."""
    return f"/events/{event_id:d}{tail}"


def ticket_path(ticket_id: TicketId, tail: str = "") -> str:
    """Builds the service's path of a ticket."""
    return f"/registrations/{ticket_id}{tail}"


def credentials(scope: Scope) -> list[Header]:
    """Picks the cookies, by which the service knows an organizer who looks at an event that is still a draft."""
    return [header for header in scope["headers"] if header[0] == b"cookie"]


async def request(
    app: ASGIApp,
    scope: Scope,
    method: str,
    path: str,
    *,
    headers: Sequence[Header] = (),
    body: bytes = b"",
) -> ServiceResponse:
    """Sends one request on behalf of the client of `scope`: its address is kept, its headers are not.

    Raises:
        TimeoutError: no response within `RESPONSE_SECONDS`.
    """
    inner = {**scope, "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    inner["headers"] = list(headers)
    exchange = _Exchange(body)
    async with asyncio.timeout(RESPONSE_SECONDS):
        await app(inner, exchange.receive, exchange.send)
    return ServiceResponse(exchange.status, exchange.headers, b"".join(exchange.parts))


async def read_event(app: ASGIApp, scope: Scope, event_id: int) -> ServiceResponse:
    """Reads an event, as an organizer with a session where the browser has one. Raises like `request`."""
    return await request(app, scope, "GET", event_path(event_id), headers=credentials(scope))


async def read_event_of_ticket(app: ASGIApp, scope: Scope, event_id: int) -> ServiceResponse:
    """Reads an event for one who has a ticket for it, who sees it also as a draft. Raises like `request`."""
    return await request(app, {**scope, SHOWS_DRAFTS: True}, "GET", event_path(event_id))


async def read_ticket(app: ASGIApp, scope: Scope, ticket_id: TicketId) -> ServiceResponse:
    """Reads a ticket. Raises like `request`."""
    return await request(app, scope, "GET", ticket_path(ticket_id))


class _Exchange:
    """`receive` and `send` of one request."""

    __slots__ = ("_body", "headers", "parts", "status")

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.status = 500
        self.headers: Sequence[Header] = ()
        self.parts: list[bytes] = []

    async def receive(self) -> Message:
        """Returns the body once, then waits: this client never disconnects."""
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Collects the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = message["headers"]
        else:
            self.parts.append(message.get("body", b""))
