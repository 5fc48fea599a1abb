"""How many connections a door takes, and how much of a request it reads before it says no."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Iterator

import pytest

from tests.support.service.crowd import verify_ledger
from tests.support.service.event import Event, open_event
from tests.support.service.http_client import JSON, Address, answer_on, body, request_bytes, reset
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

CONNECTIONS = 20
PAUSE_MS = 3500
LIVE = request_bytes("/health/live", b"", method="GET")


def live(address: Address) -> int:
    return address.ask("GET", "/health/live").status


@pytest.fixture(scope="module")
def small_door(one_service: Service) -> Iterator[Address]:
    """A door of one process that takes few connections."""
    one_service.heal()
    with one_service.another_door(WEB_CONNECTIONS=str(CONNECTIONS)) as door:
        yield door


def test_past_the_limit_of_connections_one_is_told_so_and_the_others_stay(small_door: Address) -> None:
    with contextlib.ExitStack() as held:
        connections = [held.enter_context(small_door.raw(b"")) for _ in range(CONNECTIONS)]
        wait_until(lambda: live(small_door) == 503, "the door is full")
        answer = answer_on(small_door.raw(LIVE))
        assert answer.refusal == (503, "unavailable")
        assert (answer.headers["retry-after"], answer.headers["connection"]) == ("2", "close")
        connections[0].sendall(LIVE)
        assert answer_on(connections[0]).status == 200
        wait_until(lambda: live(small_door) == 200, "one more connection fits")


def test_connections_that_were_lost_while_answered_count_no_more(service: Service, small_door: Address) -> None:
    """By the hundred, with a registration under way, a part of one, or another one behind it."""
    event = open_event(service)
    event.admit(0)
    for round_ in range(5):
        service.redis.client_pause(PAUSE_MS, all=False)
        wait_until(lambda: live(small_door) == 200, "connections fit")
        sent = [registration(event, round_, number) for number in range(CONNECTIONS)]
        rests = itertools.cycle([b"", sent[0][:40], sent[1]])
        connections = [small_door.raw(one + rest) for one, rest in zip(sent, rests, strict=False)]
        wait_until(service.admission_is_held, "registrations are under way")
        for connection in connections:
            reset(connection)
        service.redis.client_unpause()
    wait_until(lambda: live(small_door) == 200, "none of them is counted")
    with contextlib.ExitStack() as held:
        staying = [held.enter_context(small_door.raw(registration(event, "staying", n))) for n in range(CONNECTIONS)]
        assert {answer_on(connection).status for connection in staying} == {202}
    verify_ledger(event)


def registration(event: Event, *guest: object) -> bytes:
    """A registration as a crowd sends it."""
    return request_bytes(f"{event.path}/register", body(email=f"guest{'-'.join(map(str, guest))}@example.com"))


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
