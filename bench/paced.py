"""Registers people at a fixed rate: `python -m bench.paced URL SEED RATE CONNECTIONS SECONDS`.

A wait is counted from the moment the request was due, not from the moment it could be sent: a server that stalls
is charged for everybody it kept from asking. What has no answer ten seconds after the end waited until then. The client
is a bare epoll loop, since it shares the processors with what it measures; all its requests are made beforehand.
Prints `{"waits_ms": [...], "refused": n}`; the first second is left out.
"""

from __future__ import annotations

import gc
import json
import os
import re
import select
import socket
import sys
import time
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_WARM_UP_SECONDS = 1.0
_PATIENCE_SECONDS = 10.0


class Client:
    """Keep-alive connections, each with at most one request under way, known by their file descriptors."""

    def __init__(self, url: str, seed: str, rate: float, connections: int, seconds: float) -> None:
        self.rate = rate
        self.requests = [_request(url, seed, number) for number in range(int(rate * seconds))]
        parts = urlsplit(url)
        address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.sockets = [socket.create_connection(address) for _ in range(connections)]
        self.idle = [line.fileno() for line in self.sockets]
        self.poll = select.epoll()
        for line in self.sockets:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.setblocking(False)
            self.poll.register(line.fileno(), select.EPOLLIN)
        self.partial: dict[int, bytes] = {}
        self.due: dict[int, float] = {}
        self.waits_ms: list[float] = []
        self.sent = self.done = self.refused = 0

    def run(self) -> None:
        """Keeps to the timetable, then waits for the last answers."""
        total = len(self.requests)
        self.start = time.perf_counter()
        end = self.start + total / self.rate + _PATIENCE_SECONDS
        while self.done < total and (now := time.perf_counter()) < end:
            self._send(now, total)
            for line, _ in self.poll.poll(self._pause(total)):
                self._read(line)
        self.waits_ms += [(end - due) * 1000 for due in self.due.values()]
        self.waits_ms += [(end - self._due(number)) * 1000 for number in range(self.sent, total)]

    def _due(self, number: int) -> float:
        return self.start + number / self.rate

    def _pause(self, total: int) -> float:
        if not self.idle or self.sent == total:
            return 0.1
        return max(0.0, self._due(self.sent) - time.perf_counter())

    def _send(self, now: float, total: int) -> None:
        while self.idle and self.sent < total and self._due(self.sent) <= now:
            line = self.idle.pop()
            self.due[line] = self._due(self.sent)
            os.write(line, self.requests[self.sent])
            self.sent += 1

    def _read(self, line: int) -> None:
        data = self.partial.pop(line, b"") + os.read(line, 65536)
        end = data.find(b"\r\n\r\n")
        length = _LENGTH.search(data, 0, end) if end > 0 else None
        if length is None or len(data) < end + 4 + int(length[1]):
            self.partial[line] = data
            return
        due = self.due.pop(line)
        self.done += 1
        self.refused += data[9:10] >= b"4"
        if due >= self.start + _WARM_UP_SECONDS:
            self.waits_ms.append((time.perf_counter() - due) * 1000)
        self.idle.append(line)


def _request(url: str, seed: str, number: int) -> bytes:
    parts = urlsplit(url)
    body = f'{{"name":"Guest {number}","email":"guest{number}x{seed}@example.com"}}'
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def main() -> None:
    """Runs one client process."""
    url, seed, rate, connections, seconds = sys.argv[1:]
    client = Client(url, seed, float(rate), int(connections), float(seconds))
    gc.disable()
    client.run()
    print(json.dumps({"waits_ms": [round(wait, 3) for wait in client.waits_ms], "refused": client.refused}))


if __name__ == "__main__":
    main()
