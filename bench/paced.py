"""Registers people at a fixed rate: `python -m bench.paced URL SEED RATE CONNECTIONS SECONDS`.

A wait is counted from the moment the request was due, not from the moment it could be sent: a server that stalls
is charged for everybody it kept from asking. What has no answer ten seconds after the end waited until then.
Prints `{"waits_ms": [...], "refused": n}`; the first second is left out.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
from collections import deque
from urllib.parse import urlsplit

import uvloop

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TICK_SECONDS = 0.001
_WARM_UP_SECONDS = 1.0
_PATIENCE_SECONDS = 10.0


class Line(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.due = 0.0
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Is ready for the first request."""
        self.transport = transport
        self.client.idle.append(self)

    def ask(self, due: float, request: bytes) -> None:
        """Sends the request that was due at `due`."""
        self.due = due
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Counts the answer once it is complete."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self.buffer, 0, end)
        if length is None or len(self.buffer) >= end + 4 + int(length[1]):
            self.client.answered(self, refused=self.buffer[9:10] >= b"4")
            self.buffer = b""


class Client:
    """Sends what is due, on whatever connection is idle, and keeps the waits."""

    def __init__(self, url: str, seed: str, rate: float, seconds: float) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.path, self.seed, self.rate, self.seconds = parts.path, seed, rate, seconds
        self.idle: deque[Line] = deque()
        self.waits_ms: list[float] = []
        self.refused = self.sent = self.done = 0

    async def run(self, connections: int) -> None:
        """Keeps to the timetable for `seconds`, then waits for the last answers."""
        self.loop = asyncio.get_running_loop()
        for _ in range(connections):
            await self.loop.create_connection(lambda: Line(self), self.host, self.port)
        self.start = self.loop.time()
        total = int(self.rate * self.seconds)
        end = self.start + self.seconds + _PATIENCE_SECONDS
        while self.done < total and self.loop.time() < end:
            self._send_due(total)
            await asyncio.sleep(_TICK_SECONDS)
        self.waits_ms += [(end - self._due(n)) * 1000 for n in range(self.done, total)]

    def _due(self, number: int) -> float:
        return self.start + number / self.rate

    def _send_due(self, total: int) -> None:
        now = self.loop.time()
        while self.idle and self.sent < total and self._due(self.sent) <= now:
            self.idle.popleft().ask(self._due(self.sent), self._request(self.sent))
            self.sent += 1

    def _request(self, number: int) -> bytes:
        body = f'{{"name":"Guest {number}","email":"guest{number}x{self.seed}@example.com"}}'
        head = f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    def answered(self, line: Line, *, refused: bool) -> None:
        """Counts an answer; the connection is idle again."""
        self.done += 1
        self.refused += refused
        if line.due >= self.start + _WARM_UP_SECONDS:
            self.waits_ms.append((self.loop.time() - line.due) * 1000)
        self.idle.append(line)


def main() -> None:
    """Runs one client process."""
    url, seed, rate, connections, seconds = sys.argv[1:]
    gc.disable()
    client = Client(url, seed, float(rate), float(seconds))
    uvloop.run(client.run(int(connections)))
    print(json.dumps({"waits_ms": [round(wait, 3) for wait in client.waits_ms], "refused": client.refused}))


if __name__ == "__main__":
    main()
