"""Loss is never silent: a queue wiped or rewound behind the service's back, and each ticket says how it ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.support.service.crowd import verify_ledger
from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.promise]


@contextlib.contextmanager
def drains_frozen(service: Service) -> Iterator[None]:
    """The drains hang meanwhile, so whatever is admitted stays in the queue."""
    with service.frozen("drain-1"), service.frozen("drain-2"):
        yield


def verify_loss(event: Event, lost: list[str], kept: list[str]) -> None:
    """The lost say so, now and later; the kept are decided; `reconcile` lists the lost and no others."""
    assert {ticket["status"] for ticket in event.all_decided(kept).values()} <= {"confirmed", "rejected"}
    assert event.statuses(lost) == ["lost"] * len(lost)
    found = event.service.manage("reconcile", "--event", str(event.id))
    assert found.returncode == 1, found
    listed = [line.split()[3] for line in found.stdout.splitlines() if ": lost " in line]
    assert sorted(listed) == sorted(lost)


@pytest.mark.soak(only=True)
def test_where_nothing_was_lost_reconcile_says_so(service: Service) -> None:
    event = open_event(service)
    for ticket in event.admit(1, 2, 3):
        event.decided(ticket)
    wait_until(lambda: event.noted() == 0, "the queue is empty")
    found = service.manage("reconcile", "--event", str(event.id))
    assert (found.returncode, found.stdout) == (0, "")


def test_a_deleted_stream_loses_tickets_loudly_and_new_guests_are_decided(service: Service) -> None:
    event = open_event(service, capacity=12)
    with drains_frozen(service):
        lost = event.admit(*range(10))
        service.redis.delete(event.keys.queue)
        assert event.statuses(lost) == ["lost"] * 10
        # Those who were lost register again, and get places of their own.
        kept = event.admit(*range(5, 15))
        assert event.ticket(kept[0])["position"] == 1
    verify_loss(event, lost, kept)
    assert event.confirmed_count() == 10


def test_a_flushed_redis_loses_tickets_loudly_and_new_guests_are_decided(service: Service) -> None:
    event = open_event(service, capacity=20)
    [early] = event.admit("early")
    event.decided(early)
    with drains_frozen(service):
        lost = event.admit(*range(10))
        service.redis.flushall()
        assert event.statuses(lost) == ["lost"] * 10
        assert event.ticket(early)["status"] == "confirmed"
        kept = event.admit(*range(5, 15))
    verify_loss(event, lost, [early, *kept])
    # The ledger still knows who has a seat, though Redis has forgotten it.
    again = event.register("early")
    assert event.decided(again.data["ticket_id"])["reason"] == "duplicate"
    verify_ledger(event)


@pytest.mark.soak(only=True)
def test_a_rewound_queue_loses_its_tail_loudly_and_new_guests_are_decided(service: Service) -> None:
    event = open_event(service, capacity=25)
    with drains_frozen(service):
        kept = event.admit(*range(20))
        service.save_valkey()
        lost = event.admit(*range(20, 30))
        service.kill("valkey")
        service.rewind_valkey()
        assert event.queued() == 20
        assert event.statuses(lost) == ["lost"] * 10
        assert event.statuses(kept) == ["queued"] * 20
        new = event.admit(*range(25, 35))
    verify_loss(event, lost, kept + new)
    assert [event.ticket(ticket)["status"] for ticket in kept] == ["confirmed"] * 20
    assert [event.ticket(ticket)["status"] for ticket in new] == ["confirmed"] * 5 + ["rejected"] * 5
    verify_ledger(event)


def test_a_queue_rewound_behind_its_decisions_takes_none_of_them_back(service: Service) -> None:
    event = open_event(service, capacity=15)
    with drains_frozen(service):
        tickets = event.admit(*range(20))
        service.save_valkey()
    before = [event.decided(ticket) for ticket in tickets]
    wait_until(lambda: event.queued() == 0, "the queue is empty")
    service.kill("valkey")
    service.rewind_valkey()
    wait_until(lambda: event.queued() == 0, "the queue is empty again")
    assert [event.ticket(ticket) for ticket in tickets] == before
    assert event.register("late").refusal == (409, "sold_out")
    assert event.register(3).refusal == (409, "sold_out")
    assert len(event.rows()) == 20
    verify_ledger(event)
