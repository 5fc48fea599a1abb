"""Baseline (a), *hello*: the server itself. Answers every request with a constant of a ticket's size."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_BODY = (
    b'{"success":true,"message":"Hello.","data":{"ticket_id":"1-AAAAAAAAAAAAAAAAAAAAAAAAAAAA","event_id":1,'
    b'"status":"queued","position":1,"status_url":"/registrations/1-AAAAAAAAAAAAAAAAAAAAAAAAAAAA",'
    b'"requested_at":"2030-01-01T00:00:00.000+00:00"}}'
)
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"location", b"/registrations/1-AAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        (b"retry-after", b"1"),
    ],
}
_END = {"type": "http.response.body", "body": _BODY}


async def application(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """The same constant for every request."""
    if scope["type"] == "http":
        await send(_START)
        await send(_END)
