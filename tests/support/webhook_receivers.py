"""Receivers of webhooks, good and bad, on one real port. What a path does:

/ok              204                        /flaky/<n>           500 to the first n requests, then 204
/each/<n>        503 to the first n attempts of each message, then 204
/status/<code>   that status                /later/<code>/<s>    that status with `Retry-After: <s>`
/redirect        302 to /ok                 /hang                no answer until `close_hanging`
/drip            the head of a 200, a byte every tenth of a second
/drip-body       a 200 whose body comes like that
/huge            a 200 with a body that does not end        /bomb    a 200 that says it is gzip, and is not
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from tests.support.asyncio_server import Connections

DRIP_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Got:
    """One request. `at` is a monotonic moment."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def verify(self, secret: str) -> None:
        """Raises unless the specification's own implementation accepts it."""
        Webhook(secret).verify(self.body, dict(self.headers))


@dataclass
class Receivers:
    """Starts with `with`, in a thread of its own. `got` has every request that came in whole, `most_hanging` says how
    many have waited at `/hang` at the same time."""

    tls: ssl.SSLContext | None = None
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    bytes_sent: int = 0
    most_hanging: int = 0
    port: int = 0

    def __enter__(self) -> Receivers:
        self._seen: Counter[str] = Counter()
        self._hanging: set[asyncio.Task[Any]] = set()
        self._gone = False
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._started.wait(100)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(100)

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        """Where `path` is."""
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def close_hanging(self) -> None:
        """Closes what hangs at `/hang`, and what comes there from now on. For any thread."""
        self._loop.call_soon_threadsafe(self._close_all)

    def _close_all(self) -> None:
        self._gone = True
        for task in self._hanging:
            task.cancel()

    def at(self, path: str) -> list[Got]:
        """What came to `path`, in order."""
        return [got for got in list(self.got) if got.path == path]

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connections = Connections(self._serve_connection)
        server = await asyncio.start_server(connections.accept, "127.0.0.1", self.port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        await connections.end(server)

    async def _serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                got = await _read(reader)
                self.got.append(got)
                await (self._hang(reader) if got.path == "/hang" else self._answer(got, writer))

    async def _answer(self, got: Got, writer: asyncio.StreamWriter) -> None:
        path = got.path
        counted = f"{path} {got.id}" if path.startswith("/each/") else path
        self._seen[counted] += 1
        match path.strip("/").split("/"):
            case ["drip"]:
                await self._drip(writer, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000)
            case ["drip-body"]:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
                await self._drip(writer, b"x" * 10_000)
            case ["huge"]:
                await self._flood(writer)
            case parts:
                writer.write(_simple(parts, self._seen[counted]))
                await writer.drain()

    async def _hang(self, reader: asyncio.StreamReader) -> None:
        if self._gone:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task
        self._hanging.add(task)
        self.most_hanging = max(self.most_hanging, len(self._hanging))
        try:
            await reader.read()
        finally:
            self._hanging.discard(task)

    async def _drip(self, writer: asyncio.StreamWriter, text: bytes) -> None:
        for byte in text:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            self.bytes_sent += 65536
            await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Got:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(first.split()[1], headers, body, time.monotonic())


def _simple(parts: list[str], time_: int) -> bytes:
    extra = ""
    match parts:
        case ["status", code]:
            status = int(code)
        case ["later", code, seconds]:
            status, extra = int(code), f"Retry-After: {seconds}\r\n"
        case ["flaky", number]:
            status = 500 if time_ <= int(number) else 204
        case ["each", number]:
            status = 503 if time_ <= int(number) else 204
        case ["redirect"]:
            status, extra = 302, "Location: /ok\r\n"
        case ["bomb"]:
            status, extra = 200, "Content-Encoding: gzip\r\n"
        case _:
            status = 204
    return f"HTTP/1.1 {status} Whatever\r\n{extra}Content-Length: 0\r\n\r\n".encode()


@contextlib.contextmanager
def unused_port() -> Iterator[int]:
    """A port that no server listens on, and that no other program is given meanwhile."""
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
