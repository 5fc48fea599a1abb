"""The drain on a real Valkey and a real database: order, repair, poison."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis
from django.db import IntegrityError, transaction

from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.replies import AdmitReply
from events.domain.states import Reason, Status
from events.ledger.lookup import sequence_gaps
from events.models import Event, Registration
from tests.support.in_process.drain import Crash, answer_for, crash_at, told
from tests.support.in_process.gate import apply_for, kind, kinds
from tests.support.servers import Services
from worker.drain import Drain, Drained
from worker.failpoints import Failpoint
from worker.pipeline import RENEW_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def test_the_first_admitted_get_the_seats(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event(max_capacity=3)
    admit(event.pk, [apply_for(n) for n in range(5)])
    assert drain.run(event.pk) is Drained.IDLE
    assert [status for status, _, _ in told(event)] == ["confirmed"] * 3 + ["rejected"] * 2
    assert [reason for _, reason, _ in told(event)][3:] == ["sold_out"] * 2
    event.refresh_from_db()
    assert (event.confirmed_count, event.rejected_counts, event.last_sequence) == (3, {"sold_out": 2}, 5)


def test_small_batches_decide_like_one_large_one(make_event: Make, admit: Admit, drain: Drain) -> None:
    one, many = make_event(max_capacity=7), make_event(max_capacity=7)
    for event in (one, many):
        admit(event.pk, [apply_for(n % 9) for n in range(12)])
    drain.run(one.pk)
    replace(drain, batch=2).run(many.pk)
    assert told(one) == told(many)


def test_after_the_drain_nothing_of_the_queue_is_left(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(n) for n in range(20)])
    drain.run(event.pk)
    keys = event_keys(event.pk)
    assert redis_client.exists(keys.queue, keys.pending, keys.lease, keys.wake) == 0


@pytest.mark.parametrize("failpoint", ["drain.before_commit", "drain.after_commit", "drain.after_publish"])
def test_a_crash_at_any_point_is_repaired_by_the_next_drain(
    failpoint: Failpoint, make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(max_capacity=3)
    applications = [apply_for(n) for n in range(5)]
    admit(event.pk, applications)
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at(failpoint)).run(event.pk)
    assert drain.run(event.pk) is Drained.IDLE
    assert [status for status, _, _ in told(event)] == ["confirmed"] * 3 + ["rejected"] * 2
    event.refresh_from_db()
    assert (event.confirmed_count, event.rejected_counts) == (3, {"sold_out": 2})
    for application in applications:
        assert kind(answer_for(servers, event, application.key)) == "decided"


def test_no_reader_sees_a_decision_before_its_commit(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event()
    application = apply_for(1)
    admit(event.pk, [application])
    seen: list[object] = []

    def look(failpoint: Failpoint) -> None:
        if failpoint in ("drain.before_commit", "drain.after_commit"):
            seen.append(kind(answer_for(servers, event, application.key)))

    replace(drain, checkpoint=look).run(event.pk)
    assert seen == ["queued", "queued"]
    assert kind(answer_for(servers, event, application.key)) == "decided"


def test_a_retry_after_a_crash_still_knows_its_body(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event()
    application = apply_for(1, key="K" * 20, note="aa")
    admit(event.pk, [application])
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_commit")).run(event.pk)
    drain.run(event.pk)
    assert kinds(admit(event.pk, [apply_for(1, key="L" * 20, note="aa")])) == ["key_reused"]
    assert kinds(admit(event.pk, [application])) == ["decided"]


def test_a_taken_lease_is_left_alone(make_event: Make, admit: Admit, drain: Drain, queue: Queue) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    lease = queue.lease(event.pk)
    assert lease is not None
    assert drain.run(event.pk) is Drained.TAKEN
    assert told(event) == []
    assert queue.release(lease)
    assert drain.run(event.pk) is Drained.IDLE


def test_a_drain_that_has_lost_its_lease_leaves_after_its_batch(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(n) for n in range(5)])
    seconds = itertools.count(step=RENEW_SECONDS)

    def lose_the_lease(failpoint: Failpoint) -> None:
        if failpoint == "drain.after_commit":
            redis_client.set(event_keys(event.pk).lease, "another", px=60_000)

    slow = replace(drain, batch=2, clock=lambda: next(seconds), checkpoint=lose_the_lease)
    assert slow.run(event.pk) is Drained.TAKEN
    assert [sequence for _, _, sequence in told(event)] == [1, 2]
    assert drain.queue.lengths([event.pk]) == [3]


def test_a_lease_is_released_by_its_holder_only(make_event: Make, queue: Queue) -> None:
    event = make_event()
    lease = queue.lease(event.pk)
    assert lease is not None
    assert not queue.release(replace(lease, token="another"))
    assert queue.lease(event.pk) is None
    assert queue.release(lease)


def test_the_wake_flag_stays_while_there_is_work(
    make_event: Make, admit: Admit, queue: Queue, redis_client: redis.Redis
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    assert not queue.mark_idle(event.pk)
    assert redis_client.exists(event_keys(event.pk).wake)


def test_a_slice_that_is_over_asks_for_another(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event()
    admit(event.pk, [apply_for(n) for n in range(6)])
    times = iter(range(100))
    short = replace(drain, clock=lambda: next(times), slice_seconds=3, batch=1)
    assert short.run(event.pk) is Drained.MORE
    assert drain.run(event.pk) is Drained.IDLE
    assert len(told(event)) == 6


def test_entries_that_cannot_be_read_end_invalid_and_block_no_others(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1)])
    poison = "P" * 20
    redis_client.xadd(event_keys(event.pk).queue, {"t": poison, "r": "1700000000000", "p": b"\xff"}, id="2-0")
    redis_client.xadd(event_keys(event.pk).queue, {"garbage": b"\x00"}, id="3-0")
    redis_client.hset(event_keys(event.pk).state, "seq", "3")
    admit(event.pk, [apply_for(2)])
    assert drain.run(event.pk) is Drained.IDLE
    assert told(event) == [("confirmed", "", 1), ("rejected", "invalid", 2), ("confirmed", "", 4)]
    assert "|rejected|invalid|" in str(answer_for(servers, event, poison))


@pytest.mark.parametrize("name", ["Gu\x00est", "x" * 300])
def test_data_that_the_database_refuses_costs_only_its_own_entry(
    name: str, make_event: Make, admit: Admit, drain: Drain
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1), apply_for(2, name=name), apply_for(3)])
    assert drain.run(event.pk) is Drained.IDLE
    statuses = [(status, reason) for status, reason, _ in told(event)]
    accepted_as_it_is = name in Registration.objects.filter(event=event).values_list("name", flat=True)
    # SQLite stores any text; PostgreSQL does not.
    middle = ("confirmed", "") if accepted_as_it_is else ("rejected", "invalid")
    assert statuses == [("confirmed", ""), middle, ("confirmed", "")]


def test_the_database_refuses_what_the_code_must_never_try(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event(max_capacity=2)
    admit(event.pk, [apply_for(1), apply_for(2)])
    drain.run(event.pk)
    [row] = Registration.objects.filter(event=event, sequence=1).values()
    del row["id"]
    again = [
        {**row, "email_key": "other@example.com"},  # the same ticket for another person
        {**row, "ticket_key": "Z" * 20},  # the same person on another ticket
    ]
    for fields in again:
        with pytest.raises(IntegrityError), transaction.atomic():
            Registration.objects.create(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(confirmed_count=3)


def test_gaps_in_the_order_of_admission_are_found(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event()
    applications = [apply_for(n) for n in range(6)]
    admit(event.pk, applications)
    drain.run(event.pk)
    Registration.objects.filter(event=event, sequence__in=[2, 3, 5]).delete()
    assert sequence_gaps(event.pk) == [(2, 3), (5, 5)]


def test_every_decision_and_reason_is_one_the_contract_names(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event(max_capacity=1)
    admit(event.pk, [apply_for(n) for n in range(3)])
    drain.run(event.pk)
    for status, reason, _ in told(event):
        assert Status(status)
        assert reason == "" or Reason(reason)
