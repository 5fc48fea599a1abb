"""The sweep and `reconcile`: work that no message speaks of, and entries that are gone."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import F
from django.utils import timezone

from events.admission.calls import CancelRequest
from events.admission.heartbeat import beat, leave, worker_count
from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.models import Event
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kinds, with_gate
from tests.support.in_process.metrics import lost_tickets
from tests.support.servers import Services
from worker.drain import Drain
from worker.repair import mark_lost
from worker.sweep import Sweep

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., Any]


@pytest.fixture
def woken() -> list[int]:
    return []


@pytest.fixture
def sweep(redis_client: redis.Redis, queue: Queue, woken: list[int]) -> Sweep:
    return Sweep(client=redis_client, queue=queue, wake=woken.append, digest=tickets.email_digest, worker="tests")


def test_an_event_with_entries_and_no_wake_up_is_found(
    make_event: Make, admit: Admit, sweep: Sweep, woken: list[int], redis_client: redis.Redis
) -> None:
    busy, idle = make_event(), make_event()
    admit(busy.pk, [apply_for(1)])
    assert sweep.once() == 0  # the door has just sent a wake-up
    redis_client.delete(event_keys(busy.pk).wake)  # it got lost
    assert sweep.once() == 1
    assert woken == [busy.pk]
    assert idle.pk not in woken


def test_one_of_two_sweeps_sweeps_in_an_interval_and_both_say_they_live(
    make_event: Make, admit: Admit, redis_client: redis.Redis, queue: Queue, woken: list[int]
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    redis_client.delete(event_keys(event.pk).wake)
    stop = threading.Event()
    parts = {"client": redis_client, "queue": queue, "wake": woken.append, "digest": tickets.email_digest}
    sweeps = [Sweep(**parts, worker=name) for name in ("first", "second")]
    threads = [threading.Thread(target=sweep.run, args=(stop,)) for sweep in sweeps]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 100
    while worker_count(redis_client) < 2 or not woken:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert woken == [event.pk]


def test_a_worker_that_leaves_is_not_counted(redis_client: redis.Redis) -> None:
    beat(redis_client, "one")
    beat(redis_client, "two")
    leave(redis_client, "one")
    assert worker_count(redis_client) == 1


def test_lost_tickets_are_marked_lost_and_listed(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    drain.run(event.pk)
    gone = [apply_for(n) for n in (2, 3)]
    admit(event.pk, gone)
    redis_client.delete(event_keys(event.pk).queue)
    counted = lost_tickets("sweep")
    lost_ids = [tickets.ticket_id(event_id=event.pk, key=request.key) for request in gone]
    for _ in range(2):
        out = io.StringIO()
        with pytest.raises(CommandError, match="2 tickets are lost") as caught:
            call_command("reconcile", event=event.pk, stdout=out)
        assert caught.value.returncode == 1
        assert out.getvalue().count(f"event {event.pk}: lost ") == len(lost_ids)
        mark_lost(redis_client, event.pk)
    assert redis_client.exists(event_keys(event.pk).pending) == 0
    assert lost_tickets("sweep") == counted + 2


def test_a_ticket_decided_meanwhile_is_not_called_lost(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    pending = redis_client.hgetall(event_keys(event.pk).pending)
    drain.run(event.pk)
    redis_client.hset(event_keys(event.pk).pending, mapping=pending)
    assert mark_lost(redis_client, event.pk) == 0
    call_command("reconcile", event=event.pk, stderr=io.StringIO())
    redis_client.delete(event_keys(event.pk).pending)


def test_places_that_were_never_decided_are_listed(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    drain.run(event.pk)
    redis_client.hset(event_keys(event.pk).state, "seq", "4")
    admit(event.pk, [apply_for(2)])
    drain.run(event.pk)
    out = io.StringIO()
    call_command("reconcile", event=event.pk, stdout=out, stderr=io.StringIO())
    assert f"event {event.pk}: sequences 2-4 belong to no registration" in out.getvalue()


def test_times_that_changed_while_redis_was_away_reach_the_door_with_the_next_full_sweep(
    make_event: Make, admit: Admit, sweep: Sweep, redis_client: redis.Redis
) -> None:
    event, other, unknown = make_event(), make_event(), make_event(load=False)
    close(event)
    assert kinds(admit(event.pk, [apply_for(1)])) == ["admitted"]
    redis_client.delete(event_keys(event.pk).queue, event_keys(event.pk).pending)
    before = redis_client.hgetall(event_keys(other.pk).state)
    sweep.once()
    assert kinds(admit(event.pk, [apply_for(2)])) == ["closed"]
    assert redis_client.hgetall(event_keys(other.pk).state) == before
    assert not redis_client.exists(event_keys(unknown.pk).state)


def test_a_decision_shows_the_door_the_whole_row(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, redis_client: redis.Redis
) -> None:
    """Its version is newer than the change that the door missed, which must not hide behind it."""
    event = make_event()
    admit(event.pk, [apply_for(1)])
    close(event)
    drain.run(event.pk)
    assert kinds(admit(event.pk, [apply_for(2)])) == ["closed"]


def test_a_status_that_redis_has_turned_back_is_put_right_without_new_registrations(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    guests = [apply_for(1), apply_for(2)]
    admit(event.pk, guests)
    drain.run(event.pk)
    names = event_keys(event.pk)
    before = {name: redis_client.dump(name) for name in (names.state, *names.decided) if redis_client.exists(name)}
    with_gate(servers, lambda gate: gate.cancel(event.pk, [CancelRequest(guests[0].key, held_in_ledger=False)]))
    drain.run(event.pk)
    for name, content in before.items():
        redis_client.restore(name, 600_000, content, replace=True)
    sweep.once()
    shown = with_gate(servers, lambda gate: gate.statuses(event.pk, [guest.key for guest in guests])).answers
    assert [answer.text.split("|")[1] for answer in shown] == ["cancelled", "confirmed"]
    assert kinds(admit(event.pk, [guests[0]])) == ["decided"]


def test_an_event_whose_end_the_queue_has_lost_is_closed_all_the_same(
    make_event: Make, admit: Admit, drain: Drain, sweep: Sweep, redis_client: redis.Redis, woken: list[int]
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    drain.run(event.pk)
    Event.objects.filter(pk=event.pk).update(cancelled_at=timezone.now(), version=F("version") + 1)
    sweep.once()
    assert woken == [event.pk]
    drain.run(event.pk)
    event.refresh_from_db()
    assert (event.confirmed_count, event.cancelled_count) == (0, 1)


def close(event: Event) -> None:
    """An organizer's change, at a moment when Redis is out of reach."""
    Event.objects.filter(pk=event.pk).update(registration_closes_at=timezone.now(), version=F("version") + 1)
