"""Clients that hang up while their batch is in flight, by the hundred. The others of the batch must not notice."""

from __future__ import annotations

import socket

import pytest

from tests.acceptance.crowd import verify_ledger
from tests.acceptance.event import Event, open_event
from tests.acceptance.http import answer_on, body, request_bytes, reset
from tests.acceptance.service import Service

pytestmark = pytest.mark.acceptance

GONE = 300
STAYING = 100
# Longer than gunicorn lets a request run on whose client is gone (3 s), shorter than an admission is valid (4 s).
PAUSE_MS = 3700


def call(event: Event, number: int) -> socket.socket:
    """A client that has sent its whole registration."""
    sent = body(name=f"Guest {number}", email=f"guest{number}@example.com")
    return event.service.address.raw(request_bytes(f"{event.path}/register", sent))


def test_those_who_hang_up_in_the_middle_of_a_batch_cost_nobody_else_an_answer(service: Service) -> None:
    event = open_event(service)
    event.admit(0)
    # Whatever comes now waits for Valkey: one call in flight, everybody else for the next one.
    service.redis.client_pause(PAUSE_MS)
    gone = [call(event, number) for number in range(1, GONE + 1)]
    staying = [call(event, number) for number in range(GONE + 1, GONE + STAYING + 1)]
    for number, connection in enumerate(gone):
        reset(connection) if number % 2 else connection.close()
    answers = [answer_on(connection) for connection in staying]
    assert [answer.status for answer in answers] == [202] * STAYING
    for answer in answers:
        assert event.decided(answer.data["ticket_id"])["status"] == "confirmed"
    event.admit(*range(GONE + STAYING + 1, GONE + STAYING + 21))
    verify_ledger(event)


def test_those_who_hang_up_without_waiting_harm_nobody(service: Service) -> None:
    event = open_event(service)
    for number in range(GONE):
        connection = call(event, number)
        reset(connection) if number % 2 else connection.close()
    staying = [answer_on(call(event, GONE + number)) for number in range(20)]
    assert [answer.status for answer in staying] == [202] * 20
    for answer in staying:
        assert event.decided(answer.data["ticket_id"])["status"] == "confirmed"
    verify_ledger(event)
