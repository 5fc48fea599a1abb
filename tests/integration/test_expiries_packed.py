"""Expiries of one event that are one entry of its queue: each has its own turn, whatever happens to the entry."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis

from events.admission.added_guests import add_guest
from events.admission.commands import enqueue_expiries
from events.admission.hold_calls import DueHold
from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.replies import AdmitReply, Admitted
from events.admission.snapshots import put_snapshot
from events.admission.stats import queue_stats
from events.domain.snapshot import EventSnapshot
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from tests.support.decision_log import unframe
from tests.support.in_process.decision_log import chunks
from tests.support.in_process.drain import Crash, crash_at, people, statuses, trim
from tests.support.in_process.gate import apply_for, kinds
from tests.support.in_process.holds import confirm, counts, drain_at, ends_at, expirer, hold
from tests.support.servers import Services
from tests.support.waiting import wait_until
from verify.omnify_verify import EXPIRY
from worker import expiries
from worker.drain import Drain
from worker.failpoints import Failpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]
GUEST: dict[str, Any] = {
    **{"key": "G" * 20, "name": "Guest 1", "email": "added@example.org", "digests": ["digest of it"], "mark": ""},
    **{"quantity": 1, "type_id": 0, "beyond_capacity": False},
}


def run_out(drain: Drain, client: redis.Redis, admit: Admit, event: Event, number: int) -> list[str]:
    """Keys of tickets whose holds are over, and whose expiries wait in the queue."""
    keys = people(admit, event, number)
    drain_at(drain, client, -61).run(event.pk)
    assert expirer(client).once() == number
    return keys


def no_copy_needed() -> EventSnapshot | None:
    raise AssertionError("Redis has the event")


def packed(client: redis.Redis, event: Event) -> int:
    return int(client.hget(event_keys(event.pk).state, "packed") or 0)


def test_one_who_comes_behind_an_entry_of_several_is_told_how_many_are_in_front(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=20, **hold())
    run_out(drain, redis_client, admit, event, 5)
    assert redis_client.xlen(event_keys(event.pk).queue) == 1
    assert admit(event.pk, [apply_for("next"), apply_for("last")]).answers == [Admitted(11, 6), Admitted(12, 7)]
    guest = add_guest(redis_client, event_snapshot(event), **GUEST)
    assert guest.answers == [Admitted(13, 8)]
    assert queue_stats(redis_client, event.pk).queued == 8
    assert [entry.sequence for entry in drain.queue.head(event.pk, count=1)] == [6, 7, 8, 9, 10]
    assert [entry.sequence for entry in drain.queue.head(event.pk, count=9, after=10)] == [11, 12, 13]
    drain.run(event.pk)
    assert counts(event) == (0, 3, 0, 5)
    logged = [entry for chunk in chunks(event) for entry in unframe(bytes(chunk.entries)) if entry[0] == EXPIRY]
    assert [int.from_bytes(entry[3:11]) for entry in logged] == [6, 7, 8, 9, 10]
    assert (queue_stats(redis_client, event.pk).queued, packed(redis_client, event)) == (0, 0)
    assert not redis_client.exists(event_keys(event.pk).pending)


def test_sequences_go_on_behind_the_last_of_them_where_the_copy_of_the_event_was_lost(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=20, **hold())
    run_out(drain, redis_client, admit, event, 5)
    redis_client.delete(event_keys(event.pk).state)
    put_snapshot(redis_client, event_snapshot(event))
    [answer] = admit(event.pk, [apply_for("next")]).answers
    assert answer.sequence == 11
    drain.run(event.pk)
    assert counts(event) == (0, 1, 0, 5)


def test_a_queue_that_is_full_counts_each_of_them(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=20, **hold())
    run_out(drain, redis_client, admit, event, 5)
    reply = admit(event.pk, [apply_for("next"), apply_for("last")], queue_limit=6)
    assert kinds(reply) == ["admitted", "queue_full"]


@pytest.mark.parametrize("failpoint", ["drain.before_commit", "drain.after_commit", "drain.after_publish"])
def test_a_drain_that_dies_in_the_middle_of_them_loses_none_and_does_none_twice(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, failpoint: Failpoint
) -> None:
    event = make_event(max_capacity=6, waitlist_capacity=2, **hold())
    keys = run_out(drain, redis_client, admit, event, 6)
    people(admit, event, 2, first=6)
    with pytest.raises(Crash):
        replace(drain, batch=3, checkpoint=crash_at(failpoint)).run(event.pk)
    assert expirer(redis_client).once() == 0
    redis_client.delete(event_keys(event.pk).lease)
    replace(drain, batch=3).run(event.pk)
    rows = dict(Registration.objects.filter(event=event).values_list("ticket_key", "revision"))
    assert [rows[key] for key in keys] == [2] * 6
    assert counts(event) == (0, 2, 0, 6)
    assert statuses(event) == ["expired"] * 6 + ["held"] * 2


def test_a_confirmation_between_the_look_and_the_entry_wins(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(**hold())
    keys = people(admit, event, 3)
    drain_at(drain, redis_client, -58.5).run(event.pk)
    ending = expirer(redis_client)
    assert ending.once() == 0  # it has read them by now
    confirm(servers, event, keys[1], "payment 1")
    assert wait_until(ending.enqueue_due, "the holds that were read are over") == 3
    drain.run(event.pk)
    assert statuses(event) == ["expired", "confirmed", "expired"]


def test_a_hold_that_is_found_before_its_end_is_queued_without_another_look(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiries, "INTERVAL_SECONDS", 3600.0)
    event = make_event(**hold())
    [key] = people(admit, event, 1)
    drain_at(drain, redis_client, -58.5).run(event.pk)
    woken: list[int] = []
    stop = threading.Event()
    thread = threading.Thread(target=expirer(redis_client, woken.append).run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: woken, "the drain is woken up")
    finally:
        stop.set()
        thread.join()
    [entry] = drain.queue.head(event.pk, count=1)
    assert (entry.key, entry.requested_ms >= ends_at(event, key)) == (key, True)


def test_a_hold_that_is_cut_short_is_found_in_front_of_what_was_read_ahead(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiries, "_FULL_PASS_SHARE", 1e9)  # all that is due is not read again
    first, second = make_event(**hold()), make_event(**hold())
    people(admit, first, 1)
    drain_at(drain, redis_client, -57.5).run(first.pk)
    ending = expirer(redis_client)
    ending.once()
    people(admit, second, 1)
    drain_at(drain, redis_client, -60).run(second.pk)
    ending.once()
    drain.run(second.pk)
    assert statuses(second) == ["expired"]


def test_an_entry_of_several_that_was_lost_is_not_trimmed_in_place_of_another(
    make_event: Make, admit: Admit, drain: Drain, queue: Queue, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=20, **hold())
    run_out(drain, redis_client, admit, event, 3)
    stale, keys = queue.head(event.pk, count=10), event_keys(event.pk)
    redis_client.delete(keys.queue, keys.pending)
    redis_client.hset(keys.state, "seq", "3")
    others = [DueHold(f"{stale[0].key[:-1]}{letter}", 1) for letter in "xyz"]
    assert enqueue_expiries(redis_client, no_copy_needed, event.pk, others).number == 3
    assert trim(queue, event, stale) == 3
    assert [entry.key for entry in queue.head(event.pk, count=10)] == [other.key for other in others]
    assert trim(queue, event, queue.head(event.pk, count=10)) == 0


def test_entries_of_one_expiry_each_are_decided_too(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    """As an earlier release wrote them: they may stand in the queue when the workers are updated."""
    event = make_event(**hold())
    keys, others = people(admit, event, 2), people(admit, event, 2, first=2)
    drain_at(drain, redis_client, -61).run(event.pk)
    names = event_keys(event.pk)
    for place, key in enumerate(keys, 5):
        redis_client.xadd(names.queue, {"t": key, "c": "expire", "r": ends_at(event, key)}, id=f"{place}-0")
        redis_client.hset(names.pending, f"x{key}", place)
    redis_client.hset(names.state, "seq", 6)
    assert expirer(redis_client).once() == len(others)
    assert [entry.sequence for entry in drain.queue.head(event.pk, count=9)] == [5, 6, 7, 8]
    drain.run(event.pk)
    assert statuses(event) == ["expired"] * 4
    assert not redis_client.exists(names.queue, names.pending)
