"""A store that is dead or hangs: what goes on without it, and what is honestly refused."""

from __future__ import annotations

import contextlib
import itertools
import json

import pytest

from tests.support.service.crowd import verify_ledger
from tests.support.service.event import Event, open_event
from tests.support.service.http_client import JSON, Answer, answer_on, ask_on, body, request_bytes
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance


@pytest.fixture
def open_house(service: Service) -> Event:
    """An event that the door knows already, with one guest decided."""
    event = open_event(service)
    [ticket] = event.admit(0)
    event.decided(ticket)
    return event


def unavailable(answer: Answer) -> bool:
    """Whether this is the contract's way to say that a store is out of reach."""
    return answer.refusal == (503, "unavailable") and int(answer.headers["retry-after"]) >= 1


def not_ready_without(service: Service, part: str) -> None:
    answer = service.address.ask("GET", "/health/ready")
    assert answer.refusal == (503, "unavailable")
    assert part in answer.json["errors"]


def doors_at_work(event: Event) -> bool:
    """Whether every door process has admitted a guest to the event."""
    lines = [json.loads(line) for line in event.service.log("web").splitlines() if '"admitted"' in line]
    return {line["pid"] for line in lines if line["event_id"] == event.id} >= set(event.service.doors())


def test_without_redis_no_registration_and_no_cancellation_is_accepted(service: Service, open_house: Event) -> None:
    event = open_house
    with service.frozen("drain-1"), service.frozen("drain-2"):
        tickets = event.admit(*range(1, 11))
        service.kill("valkey")
        assert all(unavailable(event.register(guest)) for guest in range(11, 41))
        assert unavailable(service.address.ask("GET", f"/registrations/{tickets[0]}"))
        assert unavailable(event.give_back(tickets[0]))
        assert unavailable(service.address.ask("GET", event.path))
        not_ready_without(service, "redis")
        assert unavailable(service.address.ask("GET", "/health/door"))
        service.start_part("valkey")
        assert event.queued() == 10
        assert event.statuses(tickets) == ["queued"] * 10
        tickets += event.admit(*range(11, 41))
    assert {ticket["status"] for ticket in event.all_decided(tickets).values()} == {"confirmed"}
    verify_ledger(event)


def test_a_redis_that_hangs_admits_no_one_after_a_503(service: Service, open_house: Event) -> None:
    event = open_house
    guests = itertools.count(1)
    wait_until(lambda: event.admit(next(guests)) and doors_at_work(event), "both door processes know Valkey's clock")
    before = event.places_given()
    late = [request_bytes(f"{event.path}/register", body(email=f"late{guest}@example.com")) for guest in range(100)]
    with service.frozen("valkey"), contextlib.ExitStack() as held:
        assert unavailable(service.address.ask("GET", "/health/door"))
        connections = [held.enter_context(service.address.raw(request)) for request in late]
        assert all(unavailable(answer_on(connection)) for connection in connections)
    assert service.redis.ping()
    assert event.places_given() == before
    ticket = event.register(0, email="late0@example.com").data["ticket_id"]
    assert event.decided(ticket)["sequence"] == before + 1


def test_without_postgres_people_are_admitted_and_decided_when_it_is_back(service: Service, open_house: Event) -> None:
    event = open_house
    service.kill("postgres")
    tickets = event.admit(*range(1, 101))
    not_ready_without(service, "database")
    assert service.address.ask("GET", "/health/door").data == {"status": "open"}
    assert event.queued() == 100
    assert set(event.statuses(tickets)) == {"queued"}
    service.start_part("postgres")
    assert {ticket["status"] for ticket in event.all_decided(tickets).values()} == {"confirmed"}
    verify_ledger(event)


def test_registrations_with_keys_never_ask_postgres(service: Service, open_house: Event) -> None:
    """Fresh ones, retries, and keys that come with another body, also once Redis has forgotten every key."""
    event = open_house
    with service.frozen("postgres"), service.frozen("drain-1"), service.frozen("drain-2"):
        connection = service.address.connection()

        def register(guest: int, key: str) -> Answer:
            sent = body(name=f"Guest {guest}", email=f"guest{guest}@example.com")
            return ask_on(connection, "POST", f"{event.path}/register", sent, {**JSON, "Idempotency-Key": key})

        fresh = [register(guest, f"order-{guest}") for guest in range(1, 101)]
        assert {answer.status for answer in fresh} == {202}
        assert register(7, "order-7").data["ticket_id"] == fresh[6].data["ticket_id"]
        assert register(1001, "order-7").refusal == (422, "idempotency_key_reused")
        service.redis.delete(*event.keys.keys)
        other = register(1001, "order-7")
        assert (other.status, other.data["position"]) == (202, 101)
        assert other.data["ticket_id"] not in {answer.data["ticket_id"] for answer in fresh}
        connection.close()
    tickets = [answer.data["ticket_id"] for answer in (*fresh, other)]
    assert {ticket["status"] for ticket in event.all_decided(tickets).values()} == {"confirmed"}
    verify_ledger(event)


def test_the_hot_routes_never_ask_postgres(service: Service, open_house: Event) -> None:
    event = open_house
    # A stopped server stops no connection that a drain has kept: only a stopped drain decides nothing.
    with service.frozen("postgres"), service.frozen("drain-1"), service.frozen("drain-2"):
        tickets = event.admit(*range(1, 21))
        assert set(event.statuses(tickets)) == {"queued"}
        assert service.address.ask("GET", event.path).data["confirmed_count"] == 1
        assert event.register(1).refusal == (409, "duplicate_registration")
        assert event.register(0).refusal == (409, "duplicate_registration")
        forged = service.address.ask("GET", f"/registrations/{tickets[0][:-1]}")
        assert forged.refusal == (404, "ticket_not_found")
    assert {ticket["status"] for ticket in event.all_decided(tickets).values()} == {"confirmed"}
    verify_ledger(event)


def test_without_postgres_full_tiles_of_a_log_are_served_that_were_before(service: Service) -> None:
    event = open_event(service)
    event.admit(*range(260))
    wait_until(lambda: len(event.rows()) == 260, "all are decided")
    paths = [f"{event.path}/log/{path}" for path in ("checkpoint", "tile/0/000", "tile/entries/000")]
    before = [service.address.ask("GET", path) for path in paths]
    assert [answer.status for answer in before] == [200] * 3
    service.kill("postgres")
    try:
        for answer, path in list(zip(before, paths, strict=True))[1:]:
            assert service.address.ask("GET", path).body == answer.body
        assert unavailable(service.address.ask("GET", f"{event.path}/log/tile/entries/001.p/1"))
    finally:
        service.start_part("postgres")
        wait_until(service.ready, "the service is ready again")
