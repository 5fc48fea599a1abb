"""Follows many tickets at once: `python -m bench.followers URL PATHS`, PATHS a file with one stream's path a line.

Opens every stream, prints `open` when each has had its first event, and reads until all have ended. Then it prints
`{"waits_ms": [...], "broken": n}`: for each stream the time from its ticket's decision to the moment its last event was
read here. A bare epoll loop, since it shares the processors with what it measures.
"""

from __future__ import annotations

import gc
import json
import re
import resource
import select
import socket
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE_SECONDS = 120.0
_DECIDED = re.compile(rb'"decided_at":"([^"]+)"')
# The chunk that ends an answer; no event contains it, since JSON holds no line breaks.
_END = b"0\r\n\r\n"


class Followers:
    """Open streams, known by their file descriptors, with what each has received since its first event."""

    def __init__(self, url: str, paths: list[str]) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.received: dict[int, bytes] = {}
        self.began: set[int] = set()
        self.waits_ms: list[float] = []
        self.broken = 0
        for path in paths:
            self._open(path)

    def _open(self, path: str) -> None:
        line = socket.create_connection(self.address)
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        line.setblocking(False)
        self.sockets[line.fileno()] = line
        self.received[line.fileno()] = b""
        self.poll.register(line.fileno(), select.EPOLLIN)

    def begin(self) -> None:
        """Returns when every stream has had its first event."""
        self._read_until(lambda: len(self.began) + self.broken >= len(self.sockets))

    def finish(self) -> None:
        """Returns when every stream has ended."""
        total = len(self.sockets)
        self._read_until(lambda: len(self.waits_ms) + self.broken >= total)

    def _read_until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done() and time.monotonic() < deadline:
            for number, _ in self.poll.poll(1.0):
                self._read(number)

    def _read(self, number: int) -> None:
        data = self.sockets[number].recv(65536)
        now = time.time()
        self.received[number] = (self.received[number] + data)[-2048:]
        if b"\ndata: " in self.received[number]:
            self.began.add(number)
        if self.received[number].endswith(_END):
            decided = _DECIDED.findall(self.received[number])[-1].decode()
            self.waits_ms.append((now - datetime.fromisoformat(decided).timestamp()) * 1000)
            self.poll.unregister(number)
        elif not data:
            self.broken += 1
            self.poll.unregister(number)


def main() -> None:
    """One run."""
    url, file = sys.argv[1:]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.disable()
    followers = Followers(url, Path(file).read_text("utf-8").split())
    followers.begin()
    print("open", flush=True)
    followers.finish()
    print(json.dumps({"waits_ms": followers.waits_ms, "broken": followers.broken}), flush=True)


if __name__ == "__main__":
    main()
