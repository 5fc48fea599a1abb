"""Reads a request's body within limits of size and time."""

from __future__ import annotations

from omnify.common.asgi_types import Message, Receive
from omnify.common.shared_timeout import SharedTimeout


class BodyTooLarge(Exception):
    """The body is over the limit; the rest of it was not read."""


class BodyIncomplete(Exception):
    """The client disconnected, or did not send the whole body in time."""


async def read_body(receive: Receive, *, length: int | None, limit: int, shared_timeout: SharedTimeout) -> bytes:
    """Reads the whole body, at most `limit` bytes. `length` is the announced Content-Length, None without one.

    Raises:
        BodyTooLarge, BodyIncomplete: the rest of it was not read.
    """
    if length is not None and length > limit:
        raise BodyTooLarge
    try:
        return await shared_timeout.wait(_read(receive, limit))
    except TimeoutError as problem:
        raise BodyIncomplete from problem


async def _read(receive: Receive, limit: int) -> bytes:
    message = await receive()
    # Nearly every registration arrives in one message.
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        return body
    return await _read_parts(message, receive, limit)


async def _read_parts(message: Message, receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        if message["type"] != "http.request":
            raise BodyIncomplete
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()
