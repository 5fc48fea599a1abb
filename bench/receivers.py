"""Receivers of webhooks for the bench: `python -m bench.receivers PORT [hang]`.

The fast one answers 204 with as little work as Python can do, and tells at `GET /` when each hundredth message came
(monotonic seconds); the one that hangs accepts connections and never responds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

EVERY = 100

_had = 0
_moments: list[float] = []


class Fast(asyncio.Protocol):
    """Counts requests and answers each at once."""

    def connection_made(self, transport: Any) -> None:
        self._transport, self._seen = transport, b""

    def data_received(self, data: bytes) -> None:
        global _had
        self._seen += data
        while (request := self._next()) is not None:
            if request.startswith(b"GET"):
                told = json.dumps(_moments).encode()
                self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))
            else:
                _had += 1
                if _had % EVERY == 0:
                    _moments.append(time.monotonic())
                self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    def _next(self) -> bytes | None:
        """The head of the next request that is here as a whole."""
        end = self._seen.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = self._seen[:end].lower()
        _, found, rest = head.partition(b"content-length:")
        size = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
        if len(self._seen) < size:
            return None
        request, self._seen = self._seen[:end], self._seen[size:]
        return request


class Hanging(asyncio.Protocol):
    """Says nothing."""


async def serve(port: int, kind: type[asyncio.Protocol]) -> None:
    """Until the process is ended."""
    server = await asyncio.get_running_loop().create_server(kind, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Hanging if sys.argv[2:] == ["hang"] else Fast))
