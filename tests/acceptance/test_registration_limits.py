"""Limits on registering, over HTTP: the event's queue and the client's address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.service.event import Event, open_event
from tests.support.service.http_client import Address, Answer
from tests.support.service.processes import Service

pytestmark = pytest.mark.acceptance

QUEUE_LIMIT = 12


@pytest.fixture(scope="module")
def running(one_service: Service) -> Service:
    """Nothing here kills anything."""
    one_service.heal()
    return one_service


@pytest.fixture(scope="module")
def strict(running: Service) -> Iterator[Address]:
    """A door that takes three from one address in an hour, and tells it of others twice."""
    with running.another_door(REGISTER_RATE_LIMIT="3/hour", REFUSAL_RATE_LIMIT="2/hour") as door:
        yield door


@pytest.fixture(scope="module")
def proxied(running: Service) -> Iterator[Address]:
    """The same behind one proxy, with short queues."""
    limits = {"REGISTER_RATE_LIMIT": "3/hour", "EVENT_QUEUE_LIMIT": str(QUEUE_LIMIT)}
    with running.another_door(**limits, TRUSTED_PROXIES="1") as door:
        yield door


def register(door: Address, event: Event, guest: int, **headers: str) -> Answer:
    sent = {"name": f"Guest {guest}", "email": f"guest{guest}@example.com"}
    return door.post(f"{event.path}/register", sent, {name.replace("_", "-"): text for name, text in headers.items()})


def test_a_full_queue_says_so_and_takes_people_again_once_it_moves(running: Service, proxied: Address) -> None:
    event = open_event(running)

    def come(guest: int, of: Event = event, **headers: str) -> Answer:
        """From an address of the guest's own."""
        return register(proxied, of, guest, X_Forwarded_For=f"198.51.100.{guest}", **headers)

    with running.frozen("drain-1"), running.frozen("drain-2"):
        first = come(1, Idempotency_Key="first")
        assert {come(guest).status for guest in range(2, QUEUE_LIMIT + 1)} == {202}
        full = come(QUEUE_LIMIT + 1)
        assert full.refusal == (503, "queue_full")
        assert 1 <= int(full.headers["retry-after"]) <= 60
        assert event.queued() == event.places_given() == QUEUE_LIMIT
        assert come(2).refusal == (409, "duplicate_registration")
        again = come(1, Idempotency_Key="first")
        assert (again.status, again.data["ticket_id"]) == (202, first.data["ticket_id"])
        assert come(4, open_event(running)).status == 202
    assert event.decided(first.data["ticket_id"])["status"] == "confirmed"
    assert come(QUEUE_LIMIT + 1).status == 202


def test_an_address_that_comes_too_often_is_told_when_to_come_again(running: Service, strict: Address) -> None:
    event = open_event(running)
    for guest in range(3):
        answer = register(strict, event, guest)
        assert (answer.status, answer.headers["ratelimit-policy"]) == (202, '"register";q=3;w=3600')
        assert answer.headers["ratelimit"].startswith(f'"register";r={2 - guest};t=')
    limited = register(strict, event, 3)
    assert limited.refusal == (429, "rate_limited")
    assert limited.headers["ratelimit"] == f'"register";r=0;t={limited.headers["retry-after"]}'
    assert event.places_given() == 3
    # Polls are not registrations.
    assert strict.ask("GET", event.path).status == 200
    assert register(strict, open_event(running), 3).status == 202


def test_an_address_that_asks_who_is_registered_is_told_so_twice(running: Service, strict: Address) -> None:
    event = open_event(running)
    event.admit(1, 2)
    assert [register(strict, event, guest).status for guest in (1, 2, 1, 2, 3)] == [409, 409, 429, 429, 429]
    limited = register(strict, event, 4)
    assert limited.refusal == (429, "rate_limited")
    assert limited.headers["ratelimit-policy"] == '"refusals";q=2;w=3600'
    assert event.places_given() == 2


def test_no_client_gets_another_address_by_a_header(running: Service, strict: Address) -> None:
    event = open_event(running)
    claims = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X_Forwarded_For", "X-Forwarded-Proto")
    tried = [register(strict, event, n, **{name: f"198.51.100.{n}"}).status for n, name in enumerate(claims)]
    assert tried == [202, 202, 202, 429, 429]


def test_behind_a_proxy_each_client_counts_under_the_address_that_it_saw(running: Service, proxied: Address) -> None:
    event = open_event(running)

    def tried(first: int, *seen: str) -> list[int]:
        return [register(proxied, event, first + n, X_Forwarded_For=text).status for n, text in enumerate(seen)]

    assert tried(0, "198.51.100.1", "6.6.6.6, 198.51.100.1", "7.7.7.7,198.51.100.1") == [202] * 3
    assert tried(10, "198.51.100.1", "8.8.8.8, 198.51.100.1", "198.51.100.2") == [429, 429, 202]
    assert tried(20, "2001:db8::1", "2001:db8::2", "[2001:db8::3]:443", "2001:db8::4", "2001:db8:0:1::1") == [
        *[202] * 3,
        *(429, 202),
    ]


def test_an_organizer_is_not_limited_and_a_revoked_token_is_no_organizer(running: Service, strict: Address) -> None:
    event = open_event(running)
    bearer = f"Bearer {running.token()}"
    assert [register(strict, event, guest, Authorization=bearer).status for guest in range(6)] == [202] * 6
    refused = register(strict, event, 6, Authorization=f"{bearer}x")
    assert refused.refusal == (401, "unauthenticated")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert event.places_given() == 6
