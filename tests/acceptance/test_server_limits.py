"""How many connections a door takes, and how much of a request it reads before it says no."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from tests.support.service.event import Event
from tests.support.service.http_client import JSON, Address, answer_on, body, request_bytes
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

LIVE = request_bytes("/health/live", b"", method="GET")


def live(address: Address) -> int:
    return address.ask("GET", "/health/live").status


def test_past_the_limit_of_connections_one_is_told_so_and_the_others_stay(service: Service) -> None:
    with service.another_door(WEB_CONNECTIONS="20", WEB_WORKERS="1") as door, contextlib.ExitStack() as held:
        connections = [held.enter_context(door.raw(b"")) for _ in range(20)]
        wait_until(lambda: live(door) == 503, "the door is full")
        answer = answer_on(door.raw(LIVE))
        assert answer.refusal == (503, "unavailable")
        assert (answer.headers["retry-after"], answer.headers["connection"]) == ("2", "close")
        connections[0].sendall(LIVE)
        assert answer_on(connections[0]).status == 200
        wait_until(lambda: live(door) == 200, "one more connection fits")


def test_thousands_of_connections_are_nothing_special(service: Service) -> None:
    """With what the machine lets one process open: the door raises its own limit, this process does not."""
    with contextlib.ExitStack() as held:
        for _ in range(2000):
            held.enter_context(service.address.raw(b""))
        assert live(service.address) == 200


def test_a_crowd_that_connects_at_once_is_let_in_once_the_doors_accept_again(service: Service) -> None:
    """The kernel holds them. One that it dropped would try again a second later, and here it would never get in."""
    with contextlib.ExitStack() as held:
        for pid in service.doors():
            os.kill(pid, signal.SIGSTOP)
            held.callback(os.kill, pid, signal.SIGCONT)
        connections = [held.enter_context(service.address.raw(LIVE)) for _ in range(1000)]
        for pid in service.doors():
            os.kill(pid, signal.SIGCONT)
        assert {answer_on(connection).status for connection in connections} == {200}


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 70 + b"\r\n", 431),
    ],
    ids=["line", "field", "fields"],
)
def test_a_head_over_the_limits_is_refused_by_the_server_itself(service: Service, head: bytes, status: int) -> None:
    assert answer_on(service.address.raw(head)).status == status
    assert live(service.address) == 200


def test_a_head_without_end_is_not_kept(service: Service) -> None:
    with service.address.raw(b"GET / HTTP/1.1\r\n") as connection:
        with contextlib.suppress(ConnectionError):
            for _ in range(10_000):
                connection.sendall(b"X-Endless: " + b"a" * 1000 + b"\r\n")
        connection.settimeout(10)
        with contextlib.suppress(ConnectionError):
            assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_a_long_idempotency_key_and_a_long_path_cost_nothing(event: Event) -> None:
    address = event.service.address
    key = {**JSON, "Idempotency-Key": "k" * 8000}
    assert address.ask("POST", f"{event.path}/register", body(), key).refusal == (400, "invalid")
    for path in ("/registrations/" + "1" * 8000, "/events/" + "1" * 8000, "/" + "a/" * 4000):
        assert address.ask("GET", path).status == 404
    assert event.places_given() == 0
