"""The gate on a real Valkey: who gets in, in which order, and what each of the others hears."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from events.admission.durability import durability_problems
from events.admission.errors import EventNotLoaded, QueueUnavailable
from events.admission.gate import Gate
from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.replies import AdmitReply, Admitted
from events.admission.snapshots import put_snapshot
from events.admission.stats import queue_stats
from events.domain.commands import Request
from events.domain.states import Status
from events.ledger.queries import event_snapshot
from events.models import Event
from omnify.common.redis_client import connect_async
from tests.support.in_process.gate import apply_for, kind, kinds, with_gate
from tests.support.servers import Services
from worker.drain import Drain

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def test_a_batch_gets_growing_places_in_the_order_given(make_event: Make, admit: Admit, queue: Queue) -> None:
    event = make_event()
    first = admit(event.pk, [apply_for(n) for n in range(3)])
    second = admit(event.pk, [apply_for(n) for n in range(3, 5)])
    assert first.answers + second.answers == [Admitted(n, n) for n in range(1, 6)]
    entries = queue.head(event.pk, count=10)
    assert [e.command.name for e in entries if isinstance(e.command, Request)] == [f"Guest {n}" for n in range(5)]


def test_only_the_first_admission_of_an_idle_event_asks_for_a_wake_up(make_event: Make, admit: Admit) -> None:
    event = make_event()
    assert admit(event.pk, [apply_for(1)]).wake
    assert not admit(event.pk, [apply_for(2)]).wake


def test_an_event_that_is_not_loaded_admits_no_one(servers: Services, redis_client: redis.Redis) -> None:
    with pytest.raises(EventNotLoaded):
        with_gate(servers, lambda gate: gate.admit(404, [apply_for(1)]))
    assert redis_client.dbsize() == 0


def test_an_email_in_the_queue_is_a_duplicate_in_any_case(make_event: Make, admit: Admit) -> None:
    event = make_event()
    assert kinds(admit(event.pk, [apply_for("a"), apply_for("A"), apply_for("b")])) == [
        "admitted",
        "duplicate",
        "admitted",
    ]
    assert kinds(admit(event.pk, [apply_for("A")])) == ["duplicate"]


def grow(event: Event, client: redis.Redis, capacity: int) -> None:
    event.refresh_from_db()
    event.max_capacity, event.version = capacity, event.version + 1
    event.save()
    put_snapshot(client, event_snapshot(event))


def test_a_holder_is_a_duplicate_after_the_decision_and_a_refused_one_is_not(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1)
    admit(event.pk, [apply_for(1), apply_for(2)])
    drain.run(event.pk)
    grow(event, redis_client, 3)
    assert kinds(admit(event.pk, [apply_for(1), apply_for(2)])) == ["duplicate", "admitted"]


def test_sold_out_is_said_at_the_door_only_once_the_ledger_says_so(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1)
    assert kinds(admit(event.pk, [apply_for(n) for n in range(3)])) == ["admitted", "admitted", "admitted"]
    drain.run(event.pk)
    assert kinds(admit(event.pk, [apply_for(9)])) == ["sold_out"]
    grow(event, redis_client, 2)
    assert kinds(admit(event.pk, [apply_for(9)])) == ["admitted"]


def test_before_opening_and_after_closing_no_one_gets_in(make_event: Make, admit: Admit) -> None:
    later = timezone.now() + timedelta(minutes=5)
    upcoming = make_event(registration_opens_at=later)
    [answer] = admit(upcoming.pk, [apply_for(1)]).answers
    assert kind(answer) == "not_open"
    assert answer.opens_ms == int(later.timestamp() * 1000)
    closed = make_event(registration_closes_at=timezone.now() - timedelta(seconds=1))
    assert kinds(admit(closed.pk, [apply_for(1)])) == ["closed"]
    cancelled = make_event(cancelled_at=timezone.now())
    assert kinds(admit(cancelled.pk, [apply_for(1)])) == ["closed"]


def test_a_call_that_the_server_reads_too_late_admits_no_one(
    make_event: Make, servers: Services, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event()

    async def scene(gate: Gate) -> None:
        await gate.admit(event.pk, [apply_for(1)])
        monkeypatch.setattr("events.admission.server_clock.CALL_VALID_SECONDS", -1.0)
        with pytest.raises(QueueUnavailable):
            await gate.admit(event.pk, [apply_for(2)])

    with_gate(servers, scene)
    assert queue.lengths([event.pk]) == [1]


def test_a_full_queue_refuses_the_rest_of_a_batch(make_event: Make, admit: Admit, queue: Queue) -> None:
    event = make_event()
    assert kinds(admit(event.pk, [apply_for(n) for n in range(5)], queue_limit=3)) == [
        "admitted",
        "admitted",
        "admitted",
        "queue_full",
        "queue_full",
    ]
    assert queue.lengths([event.pk]) == [3]


def test_a_retry_under_its_idempotency_key_names_the_same_ticket(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event()
    first, other = apply_for(1, key="K" * 20, note="aa"), apply_for(2, key="L" * 20, note="aa")
    assert kinds(admit(event.pk, [first, first, other])) == ["admitted", "queued", "key_reused"]
    assert kinds(admit(event.pk, [other])) == ["key_reused"]
    drain.run(event.pk)
    again = admit(event.pk, [first])
    [answer] = again.answers
    assert kind(answer) == "decided"
    assert answer.outcome(first.key).status is Status.CONFIRMED
    assert kinds(admit(event.pk, [other])) == ["key_reused"]


def test_places_go_on_where_the_ledger_stands_after_redis_lost_everything(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(n) for n in range(4)])
    drain.run(event.pk)
    redis_client.flushall()
    event.refresh_from_db()
    put_snapshot(redis_client, event_snapshot(event))
    assert admit(event.pk, [apply_for(9)]).answers[0].sequence == 5


def test_a_copy_of_an_older_row_does_not_replace_a_newer_one(make_event: Make, redis_client: redis.Redis) -> None:
    event = make_event()
    old = event_snapshot(event)
    event.name, event.version = "Renamed", event.version + 1
    assert put_snapshot(redis_client, event_snapshot(event))
    assert not put_snapshot(redis_client, old)
    state = redis_client.hget(event_keys(event.pk).state, "snapshot")
    assert state is not None
    assert b"Renamed" in state


def test_two_processes_at_once_get_no_place_twice(make_event: Make, servers: Services) -> None:
    import asyncio

    event = make_event()

    async def scene() -> list[int]:
        clients = [connect_async(servers.valkey.url()) for _ in range(4)]
        gates = [Gate(client, queue_limit=10_000) for client in clients]
        work = [gates[n % 4].admit(event.pk, [apply_for(f"{n}-{i}") for i in range(25)]) for n in range(20)]
        replies = await asyncio.gather(*work)
        for client in clients:
            await client.aclose()
        return [answer.sequence for reply in replies for answer in reply.answers]

    assert sorted(asyncio.run(scene())) == list(range(1, 501))


def test_stats_count_what_waits_and_how_long(make_event: Make, admit: Admit, redis_client: redis.Redis) -> None:
    event = make_event()
    assert queue_stats(redis_client, event.pk).queued == 0
    admit(event.pk, [apply_for(n) for n in range(7)])
    deadline = time.monotonic() + 100
    while (stats := queue_stats(redis_client, event.pk)).admitted_per_second == 0:
        assert time.monotonic() < deadline, "the admissions never showed in the rate"
    assert stats.queued == 7
    assert stats.admitted_per_second == pytest.approx(7 / 5)
    assert stats.oldest_queued_seconds > 0


def test_the_run_s_server_keeps_promises_and_a_lax_one_is_found_out(redis_client: redis.Redis) -> None:
    assert durability_problems(redis_client) == []
    redis_client.config_set("appendfsync", "everysec")
    try:
        assert durability_problems(redis_client) == ["appendfsync is 'everysec', not 'always'"]
    finally:
        redis_client.config_set("appendfsync", "always")


def test_a_server_that_is_not_there_closes_the_gate() -> None:
    import asyncio

    async def scene() -> None:
        client = connect_async("redis://127.0.0.1:1/0")
        try:
            await Gate(client, queue_limit=1).admit(1, [apply_for(1)])
        finally:
            await client.aclose()

    with pytest.raises(QueueUnavailable):
        asyncio.run(scene())


@pytest.mark.parametrize("keyed", [False, True])
def test_a_queued_ticket_costs_500_bytes_at_most_and_a_decided_one_250(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, keyed: bool
) -> None:
    """With an Idempotency-Key as without."""
    event = make_event(max_capacity=100_000)
    count = 5000

    def used() -> int:
        return int(redis_client.info("memory")["used_memory_dataset"])

    before = used()
    for start in range(0, count, 500):
        batch = [apply_for(f"{n:012}", note=f"{n:012}" if keyed else "") for n in range(start, start + 500)]
        admit(event.pk, batch, queue_limit=count)
    queued = (used() - before) / count
    drain.run(event.pk)
    decided = (used() - before) / count
    print(f"bytes for a ticket: {queued:.0f} queued, {decided:.0f} decided")
    assert queued <= 500
    assert decided <= 250
