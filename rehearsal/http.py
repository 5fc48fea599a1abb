"""The part of HTTP/1.1 that a crowd needs: one keep-alive connection, one request at a time, small responses.

The crowd shares its machine with the service, so a request here costs a tenth of what a full client costs. Responses
that it does not understand are refused with one sentence.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import cast
from urllib.parse import urlsplit

import msgspec

MAX_HEAD = 32 * 1024
_BODILESS = {204, 304}


class ConnectionLost(Exception):
    """The connection failed, ended or timed out; the request may have been served."""


class Unreadable(Exception):
    """The response is no HTTP/1.1 that this client understands."""


class Response(msgspec.Struct, frozen=True):
    """A complete response. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


class Target(msgspec.Struct, frozen=True):
    """Where the service is. `prefix` is the path in front of every path, without a slash at its end."""

    host: str
    port: int
    tls: bool
    prefix: str

    def request(self, method: str, path: str, *, headers: str = "", body: bytes = b"") -> bytes:
        """Renders a request; `headers` are whole lines, each with its CRLF."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {self.prefix}{path} HTTP/1.1\r\nHost: {self._authority}\r\n{headers}{length}\r\n"
        return head.encode("ascii") + body

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def trusted() -> ssl.SSLContext:
    """Returns a context that trusts what this machine trusts, or the authorities in the file SSL_CERT_FILE."""
    return ssl.create_default_context()


def parse_target(url: str) -> Target:
    """Parses a base URL.

    Raises:
        ValueError: it is no http:// or https:// address; the message is one line for the user.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"{url!r} is not an address like http://127.0.0.1:8000")
    tls = parts.scheme == "https"
    return Target(parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"))


class Connection(asyncio.Protocol):
    """One connection. After any exception it must be closed: a response may still arrive on it."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._waiter: asyncio.Future[Response] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, target: Target, *, seconds: float) -> Connection:
        """Connects within `seconds`. Raises ConnectionLost."""
        context = trusted() if target.tls else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(cls, target.host, target.port, ssl=context)
        except OSError as problem:  # TimeoutError and SSLError are OSErrors too
            raise ConnectionLost(str(problem)) from problem
        return connection

    async def exchange(self, request: bytes, *, seconds: float) -> Response:
        """Sends a request and returns its response. Raises ConnectionLost or Unreadable."""
        if self._transport is None or not self.usable:
            raise ConnectionLost("closed by the service")
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            async with asyncio.timeout(seconds):
                return await self._waiter
        except TimeoutError as problem:
            raise ConnectionLost(f"no answer within {seconds:g} seconds") from problem
        finally:
            self._waiter = None

    @property
    def usable(self) -> bool:
        """False once the service has closed it, which it may do to any idle connection."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            response = parse_response(self._buffer)
        except Unreadable as problem:
            self._fail(problem)
            return
        if response is not None:
            self._buffer.clear()
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(response)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(ConnectionLost(str(exc or "closed by the service")))

    def _fail(self, problem: Exception) -> None:
        self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(problem)


def parse_response(data: bytes | bytearray) -> Response | None:
    """Parses the response in `data`; returns None while it is incomplete.

    Raises:
        Unreadable: it is not a response, or has neither Content-Length nor chunks.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > MAX_HEAD:
            raise Unreadable("the head of a response is too long")
        return None
    first, *lines = data[:end].decode("latin-1").split("\r\n")
    status = _status(first)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = _body(status, headers, data, end + 4)
    return None if body is None else Response(status, headers, body)


def _status(line: str) -> int:
    version, _, rest = line.partition(" ")
    if version != "HTTP/1.1" or not rest[:3].isdecimal() or rest[0] == "1":
        raise Unreadable(f"not an HTTP/1.1 response: {line[:40]!r}")
    return int(rest[:3])


def _body(status: int, headers: dict[str, str], data: bytes | bytearray, start: int) -> bytes | None:
    if status in _BODILESS:
        return b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunks(data, start)
    length = headers.get("content-length", "")
    if not length.isdecimal():
        raise Unreadable("a response has neither Content-Length nor chunks")
    end = start + int(length)
    return bytes(data[start:end]) if len(data) >= end else None


def _chunks(data: bytes | bytearray, at: int) -> bytes | None:
    body = b""
    while (line := data.find(b"\r\n", at)) >= 0:
        try:
            size = int(data[at:line].split(b";")[0], 16)
        except ValueError:
            raise Unreadable("a chunk of a response has no size") from None
        after = line + 2 + size
        if len(data) < after + 2:
            return None
        if size == 0:
            return body
        body += data[line + 2 : after]
        at = after + 2
    return None
