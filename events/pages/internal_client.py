"""Asks the service itself, the way a client would, without a socket between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from events.domain.tickets import TicketId

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
Header = tuple[bytes, bytes]

# Longer than the service itself takes to say that a store is out of reach.
ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service answered."""

    status: int
    headers: Sequence[Header]
    body: bytes

    def header(self, name: bytes) -> str | None:
        """The value of the header `name` (lower case), if it was sent."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), None)

    @property
    def retry_seconds(self) -> int | None:
        """Retry-After, if it was sent; this service only sends whole seconds."""
        text = self.header(b"retry-after")
        return int(text) if text and text.isdigit() else None


def event_path(event_id: int, tail: str = "") -> str:
    """Where the service has an event. A number and not a text: no text of a client's becomes part of a path."""
    return f"/events/{event_id:d}{tail}"


def ticket_path(ticket_id: TicketId) -> str:
    """Where the service has a ticket."""
    return f"/registrations/{ticket_id}"


async def ask(
    app: Application,
    scope: Scope,
    method: str,
    path: str,
    *,
    headers: Sequence[Header] = (),
    body: bytes = b"",
) -> Reply:
    """One request in the name of the client of `scope`, which keeps its address but not its headers.

    Raises:
        TimeoutError: no answer in `ANSWER_SECONDS`.
    """
    inner = {**scope, "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    inner["headers"] = list(headers)
    exchange = _Exchange(body)
    async with asyncio.timeout(ANSWER_SECONDS):
        await app(inner, exchange.receive, exchange.send)
    return Reply(exchange.status, exchange.headers, b"".join(exchange.parts))


class _Exchange:
    """The two ends of one request."""

    __slots__ = ("_body", "headers", "parts", "status")

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.status = 500
        self.headers: Sequence[Header] = ()
        self.parts: list[bytes] = []

    async def receive(self) -> MutableMapping[str, Any]:
        """The body once; this client never hangs up."""
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Keeps what comes."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = message["headers"]
        else:
            self.parts.append(message.get("body", b""))
