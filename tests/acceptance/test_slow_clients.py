"""Clients that keep a connection and give little for it. All others are served meanwhile, and they are ended."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.service.event import Event, open_event
from tests.support.service.http_client import TIMEOUT_SECONDS, answer_on, request_bytes
from tests.support.service.processes import Service
from tests.support.soak import amount

pytestmark = [pytest.mark.acceptance, pytest.mark.soak]

EACH = amount(40, soak=100)
DRIP_SECONDS = 0.5
# After so long a full connection is taken for one that stays full.
STUCK_SECONDS = 1.0
BIG = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
POLL = request_bytes("/registrations/1-made-up", b"", method="GET")
HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


@dataclass
class Slow:
    """Connections of one kind; `drip` is sent on them, a byte now and then."""

    connections: list[socket.socket]
    drip: bytes

    def ended(self) -> bool:
        """Whether the other side has ended every one of them."""
        return all(_ended(connection) for connection in self.connections)


class Siege:
    """All kinds at once, and what was answered to others meanwhile."""

    def __init__(self, event: Event) -> None:
        register = request_bytes(f"{event.path}/register", b" " * 9000)[:-9000]
        small = request_bytes(f"{event.path}/register", b" " * 900)[:-900]
        django = request_bytes("/events", b" " * 9000)[:-9000]
        self.kinds = {
            "silent": Slow(_connect(event, b""), b""),
            "slow head": Slow(_connect(event, HEAD), b"x" * 9000),
            "slow head of a registration": Slow(_connect(event, register[:-2] + b"X-Slow: "), b"x" * 9000),
            "slow head of a poll": Slow(_connect(event, POLL[:-2] + b"X-Slow: "), b"x" * 9000),
            "small body at the door": Slow(_connect(event, small), b" " * 900),
            "slow body at the door": Slow(_connect(event, register), b" " * 9000),
            "slow body at Django": Slow(_connect(event, django), b" " * 9000),
            "never reads": Slow(_connect(event, request_bytes(BIG, b"", method="GET") * 20, count=5), b""),
            "never reads polls": Slow(_poll_and_never_read(event), b""),
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True)

    def __enter__(self) -> Siege:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave_off()
        for slow in self.kinds.values():
            for connection in slow.connections:
                connection.close()

    def leave_off(self) -> None:
        """No more bytes."""
        self._stop.set()
        self._thread.join()

    def _drip(self) -> None:
        for place in itertools.count():
            for slow in self.kinds.values():
                for connection in slow.connections:
                    if slow.drip and not _ended(connection):
                        _send(connection, slow.drip[place : place + 1])
            if self._stop.wait(DRIP_SECONDS):
                return


def _connect(event: Event, start: bytes, *, count: int = EACH) -> list[socket.socket]:
    def one() -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect((event.service.address.host, event.service.address.port))
        connection.sendall(start)
        return connection

    return [one() for _ in range(count)]


def _poll_and_never_read(event: Event) -> list[socket.socket]:
    """Connections that poll again and again, each time by itself, until nothing more is taken from them."""
    connections = _connect(event, b"", count=2)
    for connection in connections:
        connection.settimeout(STUCK_SECONDS)
        with contextlib.suppress(TimeoutError):
            while True:
                connection.sendall(POLL)
        connection.settimeout(TIMEOUT_SECONDS)
    return connections


def _send(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        connection.send(data)


def _ended(connection: socket.socket) -> bool:
    """Reads nothing: who never reads must not begin to."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


@pytest.fixture(scope="module")
def siege(one_service: Service) -> Iterator[Siege]:
    """As long as it lasts, others are served as if nothing were."""
    one_service.heal()
    event = open_event(one_service)
    # Twice as long as any of them has, however slow the machine.
    deadline = time.monotonic() + 120
    with Siege(event) as siege:
        while not all(slow.ended() for slow in siege.kinds.values()):
            [ticket] = event.admit(event.places_given())
            assert event.decided(ticket)["status"] == "confirmed"
            assert one_service.address.ask("GET", "/events").status == 200
            assert time.monotonic() < deadline, [name for name, slow in siege.kinds.items() if not slow.ended()]
            time.sleep(DRIP_SECONDS)  # the others come now and then, too
        siege.leave_off()
        yield siege


def test_who_sends_no_whole_head_is_cut_off_without_an_answer(siege: Siege) -> None:
    for name in ("silent", "slow head", "slow head of a registration", "slow head of a poll"):
        assert [_rest(connection) for connection in siege.kinds[name].connections] == [b""] * EACH


@pytest.mark.parametrize("name", ["small body at the door", "slow body at the door", "slow body at Django"])
def test_who_does_not_end_a_body_is_told_so(siege: Siege, name: str) -> None:
    for connection in siege.kinds[name].connections:
        answer = answer_on(connection)
        assert answer.refusal == (408, "request_timeout")
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("name", ["never reads", "never reads polls"])
def test_who_never_reads_is_cut_off_in_the_middle(siege: Siege, name: str) -> None:
    for connection in siege.kinds[name].connections:
        with pytest.raises(ConnectionResetError):
            while True:
                assert connection.recv(65536)


def _rest(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""
