"""Cancellations and the waitlist on a real Valkey and a real database: turns, promotions, repair after a crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis

from events.admission.cancel_replies import CancelAnswer, CancellationQueued, CancellationRepeated, NothingToCancel
from events.admission.commands import enqueue_resize
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply, AlreadyDecided, NotInRedis
from events.domain.states import Status
from events.ledger.queries import event_snapshot
from events.models import Event
from tests.support.in_process.drain import Crash, answer_for, counters, crash_at, people, shown, statuses, told
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kind, kinds
from tests.support.servers import Services
from worker.drain import Drain, Drained
from worker.failpoints import Failpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


Give = Callable[..., list[CancelAnswer]]


def test_a_cancellation_takes_its_turn_behind_the_registration_it_cancels(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    keys = people(admit, event, 2)
    assert give_back(event, keys[0]) == [CancellationQueued(3)]
    assert kind(answer_for(servers, event, keys[0])) == "queued"
    drain.run(event.pk)
    assert told(event)[0][:2] == ("cancelled", "by_holder")
    assert statuses(event) == ["cancelled", "confirmed"]
    assert (shown(servers, event, keys[0]), shown(servers, event, keys[1])) == (("cancelled", 2), ("confirmed", 2))
    assert counters(event) == (1, 0, 1)


def test_cancelling_twice_takes_one_place(make_event: Make, admit: Admit, drain: Drain, give_back: Give) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    assert give_back(event, key, key) == [CancellationQueued(2), CancellationRepeated(2)]
    assert give_back(event, key) == [CancellationRepeated(2)]
    drain.run(event.pk)
    assert give_back(event, key) == [NothingToCancel()]
    assert counters(event) == (0, 0, 1)


def test_a_rejected_ticket_and_an_unknown_one_have_nothing_to_cancel(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give
) -> None:
    event = make_event(max_capacity=1)
    keys = people(admit, event, 2)
    drain.run(event.pk)
    assert give_back(event, keys[1], "N" * 20) == [NothingToCancel(), NotInRedis()]


def test_a_ticket_that_only_the_ledger_knows_is_cancelled_all_the_same(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    redis_client.delete(*event_keys(event.pk).decided)
    assert give_back(event, key) == [NotInRedis()]
    assert kind(give_back(event, key, held=True)[0]) == "admitted"
    drain.run(event.pk)
    assert statuses(event) == ["cancelled"]
    assert shown(servers, event, key) == ("cancelled", 2)


def test_a_cancelled_email_may_register_again(make_event: Make, admit: Admit, drain: Drain, give_back: Give) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    give_back(event, key)
    assert kinds(admit(event.pk, [apply_for(0)])) == ["duplicate"]
    drain.run(event.pk)
    assert kinds(admit(event.pk, [apply_for(0)])) == ["admitted"]
    drain.run(event.pk)
    assert statuses(event) == ["cancelled", "confirmed"]
    assert kinds(admit(event.pk, [apply_for(0)])) == ["duplicate"]


def test_a_rejected_email_may_register_again(make_event: Make, admit: Admit, drain: Drain, give_back: Give) -> None:
    event = make_event(max_capacity=1)
    keys = people(admit, event, 2)
    give_back(event, keys[0])
    drain.run(event.pk)
    assert kinds(admit(event.pk, [apply_for(1)])) == ["admitted"]


def test_the_waitlist_moves_in_order_of_admission_and_each_moves_once(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give, servers: Services
) -> None:
    event = make_event(max_capacity=3, waitlist_capacity=4)
    keys = people(admit, event, 8)
    drain.run(event.pk)
    assert statuses(event) == ["confirmed"] * 3 + ["waitlisted"] * 4 + ["rejected"]
    give_back(event, keys[4], keys[0], keys[1])  # one of the waitlist, and two seats
    drain.run(event.pk)
    assert [shown(servers, event, key)[0] for key in keys[3:7]] == ["confirmed", "cancelled", "confirmed", "waitlisted"]
    assert counters(event) == (3, 1, 3)


def test_a_guest_who_comes_between_a_cancellation_and_its_decision_does_not_pass_the_waitlist(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2)
    keys = people(admit, event, 2)
    drain.run(event.pk)
    give_back(event, keys[0])
    people(admit, event, 1, first=10)
    drain.run(event.pk)
    assert statuses(event) == ["cancelled", "confirmed", "waitlisted"]


def test_small_batches_decide_like_one_large_one(make_event: Make, admit: Admit, drain: Drain, give_back: Give) -> None:
    results = []
    for batch in (1, 3, 1000):
        event = make_event(max_capacity=2, waitlist_capacity=3)
        keys = people(admit, event, 6)
        give_back(event, keys[1], keys[3])
        people(admit, event, 2, first=20)
        enqueue_resize(drain.queue._client, event_snapshot(event), key="R" * 20, max_capacity=4)
        give_back(event, keys[0])
        replace(drain, batch=batch).run(event.pk)
        results.append((told(event), counters(event)))
    assert results[0] == results[1] == results[2]
    assert results[0][1] == (4, 0, 3)


@pytest.mark.parametrize("failpoint", ["drain.before_commit", "drain.after_commit", "drain.after_publish"])
def test_after_a_crash_a_guest_who_moved_up_unnamed_is_shown(
    failpoint: Failpoint, make_event: Make, admit: Admit, drain: Drain, give_back: Give, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2)
    keys = people(admit, event, 3)
    drain.run(event.pk)
    give_back(event, keys[0])
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at(failpoint)).run(event.pk)
    assert drain.run(event.pk) is Drained.IDLE
    assert [shown(servers, event, key) for key in keys] == [("cancelled", 2), ("confirmed", 2), ("waitlisted", 1)]
    assert counters(event) == (1, 1, 1)


def test_a_status_that_redis_has_turned_back_is_put_right_by_the_next_drain(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give, redis_client: redis.Redis, servers: Services
) -> None:
    """What a failover to a replica that lags does: Redis shows what it showed before the cancellation."""
    event = make_event(max_capacity=1, waitlist_capacity=2)
    keys = people(admit, event, 2)
    drain.run(event.pk)
    names = event_keys(event.pk)
    before = {name: redis_client.dump(name) for name in (names.state, *names.decided) if redis_client.exists(name)}
    give_back(event, keys[0])
    drain.run(event.pk)
    for name, content in before.items():
        redis_client.restore(name, 600_000, content, replace=True)
    assert shown(servers, event, keys[0]) == ("confirmed", 1)
    people(admit, event, 1, first=10)
    drain.run(event.pk)
    assert [shown(servers, event, key) for key in keys] == [("cancelled", 2), ("confirmed", 2)]


def test_a_late_publish_cannot_turn_a_status_back(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2)
    keys = people(admit, event, 2)
    late: list[Any] = []
    real = drain.queue.publish
    drain.queue.publish = lambda **given: late.append(given) or real(**given)  # type: ignore[method-assign]
    drain.run(event.pk)
    give_back(event, keys[0])
    drain.run(event.pk)
    assert real(**late[0]).written == 0
    assert [shown(servers, event, key)[0] for key in keys] == ["cancelled", "confirmed"]
    assert kinds(admit(event.pk, [apply_for(0)])) == ["admitted"]


def test_nothing_of_a_cancellation_is_left_in_the_queue(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give, redis_client: redis.Redis
) -> None:
    event = make_event()
    keys = people(admit, event, 3)
    give_back(event, *keys)
    drain.run(event.pk)
    names = event_keys(event.pk)
    assert redis_client.exists(names.queue, names.pending, names.lease, names.wake) == 0


def test_digests_in_redis_are_those_of_the_door(make_event: Make, admit: Admit, drain: Drain, give_back: Give) -> None:
    """A guest who moves up was read from the ledger: the hold on the e-mail must be the one the door looks for."""
    event = make_event(max_capacity=1, waitlist_capacity=2)
    keys = people(admit, event, 2)
    drain.run(event.pk)
    give_back(event, keys[0])
    drain.run(event.pk)
    assert tickets.email_digest("guest1@example.com") == apply_for(1).email_digest
    assert kinds(admit(event.pk, [apply_for(1)])) == ["duplicate"]


def test_a_retry_after_the_cancellation_still_knows_its_body(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give
) -> None:
    event = make_event()
    admit(event.pk, [apply_for(1, key="K" * 20, note="aa")])
    drain.run(event.pk)
    give_back(event, "K" * 20)
    drain.run(event.pk)
    assert kinds(admit(event.pk, [apply_for(1, key="L" * 20, note="aa")])) == ["key_reused"]
    [answer] = admit(event.pk, [apply_for(1, key="K" * 20, note="aa")]).answers
    assert isinstance(answer, AlreadyDecided)
    assert answer.outcome("K" * 20).status is Status.CANCELLED
