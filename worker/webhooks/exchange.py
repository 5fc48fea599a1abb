"""One POST over a pooled connection: its bytes in one write, its response by aiohttp's parser.

aiohttp's connector looks names up, connects, and keeps connections; its protocol parses what comes. Between them stands
`ClientSession`, which makes a request, a writer and a response of a dozen features that no webhook has: half of a
delivery's processor time. Here a request is a head that is rendered once for each URL, and the headers of the message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

# What goes wrong between the two, beside a refused connection and the end of the time.
BROKEN = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
_UNTIMED = aiohttp.ClientTimeout(total=None, ceil_threshold=float("inf"))
_NEVER_SENT = ("Accept", "Accept-Encoding", "User-Agent")


class Answer(NamedTuple):
    """The status of a response, and its `Retry-After`, empty if there is none."""

    status: int
    retry_after: str


class _Route(NamedTuple):
    """A destination: what the connector needs to know about it, and the beginning of each request's head."""

    request: aiohttp.ClientRequest
    head: str


class Exchange:
    """POSTs over the connections of `connector`, of whose responses `most_bytes` are read and discarded. For one event
    loop."""

    def __init__(self, connector: aiohttp.BaseConnector, *, most_bytes: int) -> None:
        self._connector = connector
        self._most_bytes = most_bytes
        self._loop = asyncio.get_running_loop()
        self._route = lru_cache(maxsize=1024)(self._new_route)

    def _new_route(self, url: str) -> _Route:
        target = URL(url, encoded=True)
        request = aiohttp.ClientRequest("POST", target, loop=self._loop, skip_auto_headers=_NEVER_SENT)
        return _Route(request, f"POST {target.raw_path_qs} HTTP/1.1\r\n{_lines({'Host': request.headers['Host']})}")

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Sends one request. Redirects are not followed. Raises what is in `BROKEN`."""
        route = self._route(url)
        head = f"{route.head}{_lines(headers)}Content-Length: {len(body)}\r\n\r\n"
        connection = await self._connector.connect(route.request, [], _UNTIMED)
        try:
            answer = await self._on(connection, head.encode() + body)
        except BaseException:
            connection.close()
            raise
        # aiohttp closes it where something is left to read, or the receiver will.
        connection.release()
        return answer

    async def _on(self, connection: aiohttp.connector.Connection, request: bytes) -> Answer:
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("closed under a request")
        protocol.set_response_params(read_until_eof=True, auto_decompress=False)
        transport.write(request)
        while True:
            message, content = await protocol.read()
            if not 100 <= message.code < 200 or message.code == 101:
                break
        await self._discard(content)
        return Answer(message.code, message.headers.get("Retry-After", ""))

    async def _discard(self, content: aiohttp.StreamReader) -> None:
        """Reads the response, so that its connection can be used again, but not all of a long one."""
        left = self._most_bytes
        while left > 0 and not content.at_eof():
            left -= len(await content.read(left))


def _lines(headers: Mapping[str, str]) -> str:
    """Renders header lines. Raises ValueError for a value that would begin another line."""
    text = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if text.count("\n") != len(headers) or text.count("\r") != len(headers):
        raise ValueError("a header of more than one line")
    return text
