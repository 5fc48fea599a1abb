"""Clients that hang up while their batch is in flight, by the hundred. The others of the batch must not notice."""

from __future__ import annotations

import socket

import pytest

from tests.support.service.crowd import verify_ledger
from tests.support.service.event import Event, open_event
from tests.support.service.http_client import answer_on, body, request_bytes, reset
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

GONE = 300
STAYING = 100
# Longer than gunicorn lets a request run on whose client is gone (3 s), shorter than an admission is valid (4 s).
PAUSE_MS = 3700


def call(event: Event, number: int | str) -> socket.socket:
    """A client that has sent its whole registration."""
    sent = body(name=f"Guest {number}", email=f"guest{number}@example.com")
    return event.service.address.raw(request_bytes(f"{event.path}/register", sent))


def hang_up(connections: list[socket.socket]) -> None:
    """Half of them politely, half as a phone does that lost its network."""
    for number, connection in enumerate(connections):
        reset(connection) if number % 2 else connection.close()


def test_clients_that_disconnect_in_the_middle_of_a_batch_cost_no_other_an_answer(service: Service) -> None:
    event = open_event(service)
    event.admit(0)
    service.redis.client_pause(PAUSE_MS, all=False)
    in_the_call = [call(event, number) for number in range(1, 21)]
    wait_until(service.admission_is_held, "the first batch is on its way")
    hang_up(in_the_call)
    # A request that comes now waits for the next batch.
    hang_up([call(event, number) for number in range(21, GONE + 1)])
    staying = [call(event, number) for number in range(GONE + 1, GONE + STAYING + 1)]
    answers = [answer_on(connection) for connection in staying]
    assert [answer.status for answer in answers] == [202] * STAYING
    for answer in answers:
        assert event.decided(answer.data["ticket_id"])["status"] == "confirmed"
    event.admit(*range(GONE + STAYING + 1, GONE + STAYING + 21))
    verify_ledger(event)


def test_clients_that_disconnect_without_waiting_harm_no_other(service: Service) -> None:
    event = open_event(service)
    hang_up([call(event, number) for number in range(GONE // 2)])
    for number in range(GONE // 2, GONE):
        hang_up([call(event, number), call(event, f"{number}b")])
    staying = [answer_on(call(event, GONE + number)) for number in range(20)]
    assert [answer.status for answer in staying] == [202] * 20
    for answer in staying:
        assert event.decided(answer.data["ticket_id"])["status"] == "confirmed"
    verify_ledger(event)
