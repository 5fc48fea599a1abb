"""Reading a request's body within limits of size and time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from omnify.common.deadline import SharedTimeout


class BodyTooLarge(Exception):
    """The body is over the limit; the rest of it is not read."""


class BodyCutShort(Exception):
    """The client hung up, or its body did not end in time."""


async def read_body(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    *,
    length: int | None,
    limit: int,
    patience: SharedTimeout,
) -> bytes:
    """The whole body, `limit` bytes at most. `length` is the announced Content-Length, if any.

    Raises:
        BodyTooLarge, BodyCutShort: the rest of it was not read.
    """
    if length is not None and length > limit:
        raise BodyTooLarge
    try:
        return await patience.wait(_read(receive, limit))
    except TimeoutError as problem:
        raise BodyCutShort from problem


async def _read(receive: Callable[[], Awaitable[MutableMapping[str, Any]]], limit: int) -> bytes:
    message = await receive()
    # Nearly every registration arrives in one piece.
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        return body
    return await _read_on(message, receive, limit)


async def _read_on(
    message: MutableMapping[str, Any], receive: Callable[[], Awaitable[MutableMapping[str, Any]]], limit: int
) -> bytes:
    body = bytearray()
    while True:
        if message["type"] != "http.request":
            raise BodyCutShort
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()
