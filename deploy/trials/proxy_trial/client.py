"""A client that sends what it is told to, byte for byte, and reads what comes: HTTP/1.1 over TLS."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from omnify.embedded.ports import LOOPBACK

SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Names of headers are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Returns the values of all headers of this name."""
        return [value for found, value in self.headers if found == name]

    def header(self, name: str) -> str:
        """Returns the first value; an empty string if there is none."""
        return next(iter(self.all(name)), "")

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is something else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def data(self) -> Any:
        """What is in `data`."""
        return self.json["data"]

    @property
    def is_refusal(self) -> bool:
        """Whether it has the shape of a refusal."""
        found = self.json
        return isinstance(found, dict) and found.get("success") is False and {"code", "message"} <= set(found)


class Client:
    """One connection."""

    def __init__(self, context: ssl.SSLContext | None, port: int, source: str = LOOPBACK) -> None:
        plain = socket.create_connection((LOOPBACK, port), timeout=SECONDS, source_address=(source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = port
        self.socket = plain if context is None else context.wrap_socket(plain, server_hostname="localhost")
        self._held = b""

    @property
    def tls(self) -> ssl.SSLSocket:
        """The connection's TLS."""
        assert isinstance(self.socket, ssl.SSLSocket)
        return self.socket

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def request(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        """Sends a request and returns its answer. Raises OSError if there is none."""
        with contextlib.suppress(OSError):  # an answer that came before the whole body was sent may end the sending
            self.send(method, target, headers, body)
        return self.answer(bodiless=method == "HEAD")

    def send(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """Sends a request."""
        fields = {"Host": f"localhost:{self.port}", **(headers or {})}
        if body or method == "POST":
            fields["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.socket.sendall(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body)

    def answer(self, *, bodiless: bool = False) -> Answer:
        """Reads one answer. Raises OSError if there is none."""
        status, headers = self.head()
        named = dict(headers)
        if bodiless or status in (204, 304) or status < 200:
            body = b""
        elif "chunked" in named.get("transfer-encoding", ""):
            body = b"".join(iter(self.chunk, b""))
        elif "content-length" in named:
            body = self._take(int(named["content-length"]))
        else:
            body = self._rest()
        return Answer(status, headers, body)

    def head(self) -> tuple[int, list[tuple[str, str]]]:
        """Reads the head of an answer. Raises OSError if there is none."""
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            self._more()
        first, *lines = self._held[:end].decode("latin-1").split("\r\n")
        self._held = self._held[end + 4 :]
        pairs = (line.partition(":") for line in lines)
        return int(first.split(" ")[1]), [(name.lower(), value.strip()) for name, _, value in pairs]

    def chunk(self) -> bytes:
        """Reads one chunk of a body; empty for the last."""
        while (end := self._held.find(b"\r\n")) < 0:
            self._more()
        size = int(self._held[:end].split(b";")[0], 16)
        self._held = self._held[end + 2 :]
        return self._take(size + 2)[:size]

    def rest(self) -> bytes:
        """Reads until the other side closes, or says nothing for a second."""
        self.socket.settimeout(1.0)
        try:
            return self._rest()
        except OSError:
            held, self._held = self._held, b""
            return held

    def _rest(self) -> bytes:
        while got := self.socket.recv(65536):
            self._held += got
        held, self._held = self._held, b""
        return held

    def _take(self, size: int) -> bytes:
        while len(self._held) < size:
            self._more()
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def _more(self) -> None:
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionResetError("the connection was closed without a whole answer")
        self._held += got
