"""A door that is told to stop: it answers what it has read, says that the connection ends, and cuts no answer."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.support.differential.answers import Answer, Answers
from tests.support.service.crowd import verify_ledger
from tests.support.service.event import Event, open_event
from tests.support.service.http_client import body, request_bytes
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

IN_FLIGHT = 60
# Shorter than an admission is valid (4 s), longer than it takes both processes to notice that they are to stop (1 s).
HELD_MS = 3500


@pytest.fixture
def event(service: Service) -> Iterator[Event]:
    """An event that the door knows, on a service whose door may be stopped."""
    event = open_event(service, capacity=100_000)
    event.admit("first")
    yield event
    service.redis.client_unpause()


def registration(event: Event, guest: int | str) -> bytes:
    return request_bytes(f"{event.path}/register", body(name="Guest", email=f"guest{guest}@example.com"))


def begin_stop(service: Service) -> None:
    """Sends SIGTERM, and returns when no connection is accepted any more."""
    os.kill(service.children["web"].pid, signal.SIGTERM)
    wait_until(lambda: refuses_connections(service), "no process of the door accepts a connection")


def start_again(service: Service) -> None:
    """Waits for the end of the stop, and starts the door."""
    wait_until(lambda: not service.running("web"), "the door has stopped")
    service.heal()


def refuses_connections(service: Service) -> bool:
    try:
        service.address.raw(b"").close()
    except ConnectionError:
        return True
    return False


def last_answer_on(connection: socket.socket) -> Answer:
    """Reads all that comes until the end: one answer, which says that it is the last."""
    found = Answers()
    while data := connection.recv(65536):
        found.feed(data)
    assert found.rest == b""
    [answer] = found.found
    assert answer.field(b"connection") == b"close"
    return answer


def ticket_of(answer: Answer) -> str:
    return answer.field(b"location").decode().rpartition("/")[2]


class Line:
    """A client that registers one guest after the other, on a connection as long as it is kept."""

    def __init__(self, event: Event, name: str) -> None:
        self.tickets: list[str] = []
        self.wrong: list[str] = []
        self._event = event
        self._guests = (registration(event, f"{name}-{number}") for number in itertools.count())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._come, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _come(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(ConnectionRefusedError), self._event.service.address.raw(b"") as connection:
                self._use(connection)

    def _use(self, connection: socket.socket) -> None:
        found = Answers()
        while not found.last_says_close() and not self._over.is_set():
            before = found.final
            with contextlib.suppress(ConnectionError):
                connection.sendall(next(self._guests))
                while found.final == before and (data := connection.recv(65536)):
                    found.feed(data)
            if found.final == before:
                # A connection that was made too late to be accepted ends without an answer, and no other one.
                self.wrong += ["cut"] if found.rest else ["unanswered"] if before else []
                return
            assert found.found[-1].status == 202
            self.tickets.append(ticket_of(found.found[-1]))


@pytest.fixture
def connect(service: Service) -> Iterator[Callable[[bytes], socket.socket]]:
    """Makes connections on which a request is sent, and closes them."""
    with contextlib.ExitStack() as held:
        yield lambda request: held.enter_context(service.address.raw(request))


@pytest.mark.soak(only=True)
def test_each_registration_that_was_sent_is_answered_and_ends_its_connection(
    service: Service, event: Event, connect: Callable[[bytes], socket.socket]
) -> None:
    service.redis.client_pause(HELD_MS, all=False)
    connections = [connect(registration(event, guest)) for guest in range(IN_FLIGHT)]
    wait_until(service.admission_is_held, "the first batch waits for Valkey")
    begin_stop(service)
    service.redis.client_unpause()
    answers = [last_answer_on(connection) for connection in connections]
    assert {answer.status for answer in answers} == {202}
    start_again(service)
    assert {event.decided(ticket_of(answer))["status"] for answer in answers} == {"confirmed"}
    verify_ledger(event)


def test_a_kept_connection_is_answered_once_more(
    service: Service, event: Event, connect: Callable[[bytes], socket.socket]
) -> None:
    held, idle = (connect(registration(event, guest)) for guest in ("held", "idle"))
    for connection in (held, idle):
        assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")
    service.redis.client_pause(HELD_MS, all=False)
    held.sendall(registration(event, "again"))
    wait_until(service.admission_is_held, "a registration waits for Valkey")
    begin_stop(service)
    # A request that comes now is answered; one that comes behind another is not, since that ends the connection.
    held.sendall(registration(event, "late"))
    idle.sendall(request_bytes("/registrations/1-made-up", b"", method="GET"))
    assert last_answer_on(idle).status == 404
    service.redis.client_unpause()
    assert last_answer_on(held).status == 202
    start_again(service)
    verify_ledger(event)
    assert "guestlate@example.com" not in {row.email for row in event.rows()}


def test_a_stop_in_the_rush_cuts_no_answer_and_costs_no_ticket(service: Service, event: Event) -> None:
    lines = [Line(event, f"line{number}") for number in range(8)]

    def given() -> int:
        return sum(len(line.tickets) for line in lines)

    wait_until(lambda: given() > 100, "the rush is on")
    service.stop_part("web")
    before = given()
    service.start_part("web")
    wait_until(lambda: given() > before + 100, "the rush goes on")
    for line in lines:
        line.end()
    assert [wrong for line in lines for wrong in line.wrong] == []
    for line in lines:
        assert {event.decided(ticket)["status"] for ticket in line.tickets} == {"confirmed"}
    verify_ledger(event)
