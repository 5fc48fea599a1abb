"""`client.c` in Python, for machines that cannot compile it: `python -m bench.client.plain HOST PORT REQUESTS ...`.

The same arguments, the same answer (both are described there). It takes ten times the processor time, from the same
cores as what is measured, so its figures are good enough to see that a measure runs, and no more.
"""

from __future__ import annotations

import gc
import json
import re
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_MARK = b"#######"


@dataclass(slots=True)
class Line:
    """A connection. `since` is when the request under way was due; `seen` what has come of its answer."""

    socket: socket.socket
    busy: bool = False
    since: float = 0.0
    seen: bytes = b""


class Wait(NamedTuple):
    """When a request was due, when it was answered, and with which status (`000`: not at all)."""

    since: float
    until: float
    status: str


class Client:
    """Keep-alive connections with at most one request under way on each."""

    def __init__(self, address: tuple[str, int], requests: list[bytes], connections: int) -> None:
        self.address = address
        self.requests = requests
        self.selector = selectors.DefaultSelector()
        self.idle: deque[Line] = deque()
        self.lines = connections
        self.sent = self.answered = self.refused = self.broken = 0
        self.waits: list[Wait] = []
        for _ in range(connections):
            self._dial()

    def run(self, *, seconds: float, rate: float, patience: float) -> None:
        """Sends for `seconds` (`rate` a second on a timetable, 0 as fast as it goes), then waits for the last."""
        self.start = time.monotonic()
        self.last = self.start + seconds
        self.end, self.rate, self.total = self.start + seconds, rate, round(rate * seconds)
        while True:
            self._send()
            now = time.monotonic()
            all_sent = self.sent == self.total if rate else now >= self.end
            if (all_sent and len(self.idle) == self.lines) or now >= self.end + patience:
                break
            for key, _ in self.selector.select(max(0.0, self._until(patience, all_sent) - now)):
                self._read(key.data)
        self._give_up(time.monotonic())

    def _until(self, patience: float, all_sent: bool) -> float:
        if all_sent or time.monotonic() >= self.end:
            return self.end + patience
        return self._due(self.sent) if self.rate and self.idle else self.end

    def _due(self, number: int) -> float:
        return self.start + number / self.rate

    def _send(self) -> None:
        now = time.monotonic()
        if not self.rate:
            while self.idle and now < self.end:
                self._send_one(now)
        while self.rate and self.idle and self.sent < self.total and self._due(self.sent) <= now:
            self._send_one(self._due(self.sent))

    def _send_one(self, since: float) -> None:
        line = self.idle.popleft()
        request = self.requests[self.sent % len(self.requests)].replace(_MARK, b"%07d" % (1_000_000 + self.sent))
        self.sent += 1
        line.busy, line.since = True, since
        try:
            line.socket.send(request)
        except OSError:
            self._lose(line)

    def _read(self, line: Line) -> None:
        try:
            data = line.socket.recv(65536)
        except OSError:
            data = b""
        if not data or not line.busy:
            self._lose(line)
            return
        line.seen += data
        end = line.seen.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(line.seen, 0, end + 2)
        if length:
            whole = len(line.seen) >= end + 4 + int(length[1])
        else:
            whole = not _CHUNKED.search(line.seen, 0, end + 2) or line.seen.endswith(_LAST_CHUNK)
        if whole:
            self._finish(line, time.monotonic())

    def _finish(self, line: Line, now: float) -> None:
        self.answered += 1
        self.last = now
        status = line.seen[9:12].decode()
        self.refused += status >= "400"
        self.waits.append(Wait(line.since, now, status))
        line.busy, line.seen = False, b""
        self.idle.append(line)

    def _lose(self, line: Line) -> None:
        self.selector.unregister(line.socket)
        line.socket.close()
        if line.busy:
            self.broken += 1
        else:
            self.idle.remove(line)
        self._dial()

    def _dial(self) -> None:
        connection = socket.create_connection(self.address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = Line(connection)
        self.selector.register(connection, selectors.EVENT_READ, line)
        self.idle.append(line)

    def _give_up(self, now: float) -> None:
        busy = [key.data.since for key in self.selector.get_map().values() if key.data.busy]
        busy += [self._due(number) for number in range(self.sent, self.total)]
        self.broken += len(busy)
        self.waits += [Wait(since, now, "000") for since in busy]


def read_requests(path: str) -> list[bytes]:
    """The requests of a file."""
    data, found = Path(path).read_bytes(), []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


def summary(client: Client, *, skip: float) -> dict[str, float]:
    """What the client in C prints, but for the processor time."""
    first = client.start + skip
    counted = sum(wait.until >= first and "000" < wait.status < "400" for wait in client.waits)
    waits = sorted((wait.until - wait.since) * 1000 for wait in client.waits if wait.since >= first)
    shares = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
    return {
        **{"requests": client.answered, "refused": client.refused, "broken": client.broken, "counted": counted},
        "seconds": client.last - first if counted else client.end - client.start,
        **{
            name: waits[min(len(waits) - 1, int(share * len(waits)))] if waits else 0.0
            for name, share in shares.items()
        },
    }


def main() -> None:
    """One run."""
    host, port, path, connections, *figures = sys.argv[1:9]
    seconds, rate, skip, patience = map(float, figures)
    client = Client((host, int(port)), read_requests(path), int(connections))
    gc.disable()
    used = time.process_time()
    client.run(seconds=seconds, rate=rate, patience=patience)
    used = time.process_time() - used
    print(json.dumps({**summary(client, skip=skip), "processor_seconds": used}))
    if sys.argv[9:]:
        lines = [f"{one.status} {one.since:.6f} {one.until:.6f}\n" for one in client.waits]
        Path(sys.argv[9]).write_text("".join(lines), "ascii")


if __name__ == "__main__":
    main()
