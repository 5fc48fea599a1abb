"""Valkey alone: the door's own script with the door's own arguments, called from a bare loop.

All calls are packed before the clock starts, and of a reply only its length is read, so that hardly anything but Valkey
and its disk is measured. As at the door, each caller has one call under way.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import hiredis

# How the script's reply begins, as msgpack: of a batch that was admitted in part, or as a whole.
ADMITTED = (b"\xa4done", b"\xa3all")


class YardstickError(Exception):
    """Valkey did not admit what it was given."""


def people(number: int) -> list[Any]:
    """So many who exist once, as the door hands them to Valkey."""
    return [_person(n) for n in range(number)]


def _person(number: int) -> Any:
    from events.admission.entry import pack
    from events.admission.requests import AdmissionRequest
    from events.secrets import tickets

    email = f"guest{number}@example.com"
    digest = tickets().email_digest(email)
    payload = pack(name=f"Guest {number}", email=email, email_digest=digest, mark=tickets().mark)
    return AdmissionRequest(tickets().mint(), digest, "", payload)


def packed_calls(event_id: int, people: Sequence[Any], *, batch: int) -> list[bytes]:
    """Calls that admit them, `batch` in each, as they go over the wire."""
    return [_packed(event_id, people[first : first + batch]) for first in range(0, len(people), batch)]


def _packed(event_id: int, people: Sequence[Any]) -> bytes:
    from events.admission.admit_call import admit_call

    wire = Wire()
    call = admit_call({event_id: people}, queue_limit=1_000_000, deadline=0, addresses=None, refusals=None)
    call.run(wire)
    return wire.packed


class Wire:
    """Takes the place of a client: keeps what would have gone to the server."""

    packed = b""

    def execute_command(self, *words: str | bytes | float) -> None:
        """One command."""
        # The stub of `pack_command` knows commands of one word only.
        texts = tuple(str(word) if isinstance(word, int | float) else word for word in words)
        self.packed += hiredis.pack_command(texts)  # type: ignore[arg-type]


def run(url: str, calls: Sequence[bytes], *, callers: int) -> float:
    """Makes the calls, `callers` at a time, and returns how many seconds they took. Raises YardstickError."""
    waiting = deque(calls)
    with selectors.DefaultSelector() as selector, ExitStack() as connections:
        for _ in range(callers):
            caller = Caller(connections.enter_context(connect(url)))
            selector.register(caller.connection, selectors.EVENT_READ, caller)
        started = time.perf_counter()
        busy = sum(key.data.call_next(waiting) for key in selector.get_map().values())
        while busy:
            for key, _ in selector.select():
                if key.data.has_answer():
                    busy -= not key.data.call_next(waiting)
        return time.perf_counter() - started


@contextmanager
def connect(url: str) -> Iterator[socket.socket]:
    """A connection that has signed in. Raises YardstickError."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(hiredis.pack_command(("AUTH", parts.password or "")))  # type: ignore[arg-type]
        answer = b""
        while not answer.endswith(b"\r\n"):
            answer += connection.recv(4096)
        if answer != b"+OK\r\n":
            raise YardstickError(answer.decode())
        yield connection


class Caller:
    """One connection, with at most one call under way."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._answer = b""

    def call_next(self, waiting: deque[bytes]) -> bool:
        """Makes the next call; whether there was one."""
        if not waiting:
            return False
        self.connection.sendall(waiting.popleft())
        return True

    def has_answer(self) -> bool:
        """Reads what is there; whether the reply is whole now. Raises YardstickError."""
        data = self.connection.recv(1 << 20)
        self._answer += data
        if not data:
            raise YardstickError("Valkey hung up")
        if not is_whole(self._answer):
            return False
        if not any(word in self._answer[:32] for word in ADMITTED):
            raise YardstickError(f"Valkey replied {self._answer[:80]!r}")
        self._answer = b""
        return True


def is_whole(reply: bytes) -> bool:
    """Whether a reply, a bulk string, has come to its end. Any other reply is an error. Raises YardstickError."""
    line, found, rest = reply.partition(b"\r\n")
    if not found:
        return False
    if not line.startswith(b"$"):
        raise YardstickError(f"Valkey replied {line!r}")
    return len(rest) >= int(line[1:]) + 2
