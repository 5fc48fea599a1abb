"""Two drains at one event at the same time. The lease only saves work: without it nothing may be decided twice."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
from kombu import Connection

from events.services.wakeups import DRAIN_TASK, partition
from omnify.celery import app
from tests.support.service.crowd import Crowd, verify_ledger
from tests.support.service.event import Event, open_event
from tests.support.service.parts import DRAINS
from tests.support.service.processes import Service
from tests.support.waiting import wait_until
from worker.failpoints import Failpoint

pytestmark = [pytest.mark.acceptance, pytest.mark.promise, pytest.mark.soak]

SEATS, GUESTS, LATER = 20, 10, 15


@contextlib.contextmanager
def without_lease(event: Event) -> Iterator[None]:
    """Takes every lease of the event away, and wakes a drain each time: another one may begin beside the first."""
    done = threading.Event()

    def take(broker: Connection) -> None:
        while not done.is_set():
            if event.service.redis.delete(event.keys.lease):
                app.send_task(DRAIN_TASK, [event.id], queue=partition(event.id), connection=broker)

    with Connection(event.service.valkey.url(1)) as broker:
        thread = threading.Thread(target=take, args=(broker,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def trap_one(service: Service, event: Event, failpoint: Failpoint) -> tuple[str, list[str]]:
    """Stops a drain at `failpoint` with a batch of the event in its hands, and takes its lease away."""
    with service.frozen("drain-1"), service.frozen("drain-2"):
        tickets = event.admit(*range(GUESTS))
        service.set_trap(failpoint)
    drain = service.trapped(failpoint)
    service.redis.delete(event.keys.lease, event.keys.wake)
    return drain, tickets


def waits_for_the_row_lock(service: Service) -> bool:
    """Whether one connection of the database waits for another one."""
    return bool(service.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def decisions(service: Service, drain: str, event: Event) -> list[str]:
    """What a drain has logged when it was done with batches of this event."""
    mark = f'"event_id":{event.id},'
    return [line for line in service.log(drain).splitlines() if '"decided"' in line and mark in line]


def verify_seats(event: Event, tickets: list[str]) -> None:
    """The first guests have the seats, whichever drain decided that."""
    verify_ledger(event)
    decided = [event.decided(ticket)["status"] for ticket in tickets]
    assert decided == ["confirmed"] * SEATS + ["rejected"] * (len(tickets) - SEATS)
    assert len(event.rows()) == len(tickets)
    seen = event.service.address.ask("GET", event.path).data
    assert (seen["confirmed_count"], seen["seats_left"]) == (SEATS, 0)


def test_a_second_drain_waits_until_the_first_has_committed(service: Service) -> None:
    event = open_event(service, capacity=SEATS)
    first, tickets = trap_one(service, event, "drain.before_commit")
    tickets += event.admit(*range(GUESTS, GUESTS + LATER))
    wait_until(lambda: waits_for_the_row_lock(service), "the second drain is at the row lock")
    service.release(first)
    verify_seats(event, tickets)


@pytest.mark.parametrize("failpoint", ["drain.after_commit", "drain.after_publish"])
def test_a_drain_that_comes_back_late_changes_nothing(service: Service, failpoint: Failpoint) -> None:
    event = open_event(service, capacity=SEATS)
    first, tickets = trap_one(service, event, failpoint)
    # The second drain decides on while the first one sleeps: what that one still has to say is old by then.
    waiting = [event.register(guest) for guest in range(GUESTS, GUESTS + LATER)]
    tickets += [answer.data["ticket_id"] for answer in waiting if answer.status == 202]
    wait_until(lambda: event.queued() == 0, "the second drain has done it all")
    before = [event.ticket(ticket) for ticket in tickets]
    service.release(first)
    wait_until(lambda: decisions(service, first, event), "the first one has gone on to its end")
    verify_seats(event, tickets)
    assert [event.ticket(ticket) for ticket in tickets] == before


def test_two_drains_in_one_crowd_give_no_seat_twice(service: Service) -> None:
    event = open_event(service, capacity=250)
    with without_lease(event):
        Crowd(event, 500).start().verify()
    for drain in DRAINS:
        assert decisions(service, drain, event), f"{drain} had no part in it"
