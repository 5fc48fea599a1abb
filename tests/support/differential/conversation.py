"""One connection: plays a case's steps on it, and reads answers until it is clear whether the connection is kept.

How the state is found without waiting for silence: after the last step and the answers that the case expects, a request
follows that the fast path never takes and that no case sends, for `/health/live`. Its answer ends the observation: the
connection is kept, and all that came before it is the case's. If the connection ends instead, that is its state. If
neither happens, the case has left a request open, and has taken the probe for a part of it; enough line ends follow to
complete any body, or to spoil it.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.support.differential.answers import Answer, Answers
from tests.support.differential.steps import Step
from tests.support.service.http_client import Address
from tests.support.service.http_client import reset as hard_close

# Until a case counts as stuck. Far more than anything takes on a busy machine.
DEADLINE_SECONDS = 60.0
PROBE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
HOT_PROBE = b"GET /registrations/1-no-such-ticket HTTP/1.1\r\nHost: localhost\r\n\r\n"
_ALIVE = b'"alive"'
# What arrives in one piece on this machine. Of more, the other side may leave some unread when it ends the connection,
# and then the system sends RST instead of FIN: a matter of time.
_ONE_PIECE = 32 * 1024
# Longer than any body may be.
_FILLER = b"\r\n" * 9000


@dataclass
class Store:
    """What steps do to the service's Valkey."""

    hold: Callable[[], None]
    await_call: Callable[[], None]
    release: Callable[[], None]
    forget: Callable[[], None]


@dataclass
class Conversation:
    """What was read. `ending` is kept, closed or reset, or gone where the client has hung up. A connection that ended
    under the probe, or after more was sent than comes in one piece, is closed: RST or FIN is then a matter of time."""

    answers: list[Answer] = field(default_factory=list)
    ending: str = ""
    afterwards: list[Answer] = field(default_factory=list)


class Client:
    """A connection that reads whatever comes.

    `patience` (seconds) is how long a probe may go unanswered before the case counts as one that has left a request
    open. With `hot_probe`, a request that the fast path may take follows on a connection that is kept.
    """

    def __init__(self, address: Address, store: Store, *, patience: float, hot_probe: bool) -> None:
        self._socket = socket.create_connection((address.host, address.port), timeout=DEADLINE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._patience = patience
        self._hot_probe = hot_probe
        self._wanted = 0
        self._sent = 0
        self.store = store
        self.answers = Answers()
        self.end = ""

    def write(self, data: bytes, *, answers: int, head: bool = False) -> None:
        """Sends bytes, and reads until so many answers more have come."""
        if head:
            self.answers.expect_head()
        self._send(data)
        self._wanted += answers
        if answers:
            self._read_until(lambda: self.answers.final >= self._wanted)

    def await_interim(self) -> None:
        """Reads until an interim answer has come, or a final one."""
        self._read_until(lambda: bool(self.answers.found))

    def half_close(self) -> None:
        """Sends FIN."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def hang_up(self, *, reset: bool) -> None:
        """Ends the connection, and reads nothing more."""
        hard_close(self._socket) if reset else self._socket.close()
        self.end = "gone"

    def conclude(self) -> Conversation:
        """Finds out in which state the connection is."""
        if not self.end and self.answers.last_says_close():
            self._read_until(lambda: False)
        if self.end:
            return Conversation(self.answers.found, self.end)
        self._send(PROBE)
        spoiled = not self._read_until(self._alive, seconds=self._patience)
        if spoiled:
            self._send(_FILLER)
            self._read_until(self._alive)
        if not self._alive():
            return Conversation(self.answers.found, "closed")
        *found, alive = self.answers.found
        return Conversation(found, "kept", [alive, *self._hot_answer()] if self._hot_probe and not spoiled else [alive])

    def close(self) -> None:
        """Ends it."""
        self._socket.close()

    def _hot_answer(self) -> list[Answer]:
        found = len(self.answers.found)
        self._send(HOT_PROBE)
        self._read_until(lambda: len(self.answers.found) > found)
        assert self.answers.rest == b"", "bytes that belong to no answer"
        return self.answers.found[found:]

    def _alive(self) -> bool:
        found = self.answers.found
        return bool(found) and _ALIVE in found[-1].body

    def _send(self, data: bytes) -> None:
        if self.end:
            return
        self._sent += len(data)
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def _read_until(self, done: Callable[[], bool], *, seconds: float = DEADLINE_SECONDS) -> bool:
        """Whether `done` became true. False: the connection ended, or less than the deadline was given and is over."""
        deadline = time.monotonic() + seconds
        while not done() and not self.end:
            left = deadline - time.monotonic()
            if left <= 0:
                assert seconds < DEADLINE_SECONDS, f"no answer; read so far: {self.answers}"
                return False
            self._socket.settimeout(left)
            self._read()
        return done()

    def _read(self) -> None:
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return
        except ConnectionError:
            self.end = "closed" if self._sent > _ONE_PIECE else "reset"
        else:
            self.end = "" if data else "closed"
            self.answers.feed(data)
        if self.end:
            self.answers.end()


def converse(
    address: Address, store: Store, steps: Sequence[Step], *, patience: float, hot_probe: bool = True
) -> Conversation:
    """Plays `steps` on a new connection; see `Client` for the rest."""
    client = Client(address, store, patience=patience, hot_probe=hot_probe)
    try:
        for step in steps:
            step.do(client)
        return client.conclude()
    finally:
        client.close()
