"""Capacities and the end of an event: commands given through the API, carried out by the drain in the event's queue."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.models import Event, Registration, SizeChange
from events.services import commands
from tests.support.in_process.api import ANYONE, Caller, create, organizer
from tests.support.in_process.gate import apply_for, kinds
from tests.support.in_process.outages import redis_out_of_reach
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)


def statuses(event_id: int) -> list[str]:
    return list(Registration.objects.filter(event_id=event_id).order_by("sequence").values_list("status", flat=True))


def sizes(data: dict[str, Any]) -> tuple[int, ...]:
    return tuple(data[name] for name in ("max_capacity", "confirmed_count", "waitlist_capacity", "waitlisted_count"))


@pytest.fixture
def caller(working_drain: None) -> Caller:
    return organizer()


def fill(caller: Caller, admit: Any, drain: Drain, *, people: int, **fields: Any) -> int:
    """An event of which so many people are decided and shown, by this drain or by the one at work beside it."""
    event_id = create(caller, **fields)
    admit(event_id, [apply_for(n) for n in range(people)])
    deadline = time.monotonic() + 60
    while drain.queue.lengths([event_id]) != [0]:
        assert time.monotonic() < deadline
        drain.run(event_id)
    return event_id


def test_more_seats_move_the_waitlist_up_before_the_answer(caller: Caller, admit: Any, drain: Drain) -> None:
    event_id = fill(caller, admit, drain, people=5, max_capacity=2, waitlist_capacity=2)
    answer = caller.patch(f"/events/{event_id}", {"max_capacity": 3})
    assert answer.status_code == 200, answer.content
    assert sizes(answer.json()["data"]) == (3, 3, 2, 1)
    assert statuses(event_id) == ["confirmed"] * 3 + ["waitlisted", "rejected"]


def test_the_door_knows_the_new_sizes_when_the_answer_is_there(
    caller: Caller, admit: Any, redis_client: redis.Redis, drain: Drain
) -> None:
    event_id = fill(caller, admit, drain, people=2, max_capacity=2)
    assert kinds(admit(event_id, [apply_for(8)])) == ["sold_out"]
    caller.patch(f"/events/{event_id}", {"max_capacity": 3})
    assert kinds(admit(event_id, [apply_for(8)])) == ["admitted"]
    assert redis_client.hget(event_keys(event_id).state, "capacity") == b"3"


def test_the_capacity_may_shrink_to_what_is_confirmed_and_no_further(caller: Caller, admit: Any, drain: Drain) -> None:
    event_id = fill(caller, admit, drain, people=4, max_capacity=10)
    refused = caller.patch(f"/events/{event_id}", {"max_capacity": 3, "name": "Not kept"})
    assert (refused.status_code, refused.json()["code"]) == (409, "capacity_below_confirmed")
    assert Event.objects.get(pk=event_id).name == "Concert"
    assert caller.patch(f"/events/{event_id}", {"max_capacity": 4}).json()["data"]["seats_left"] == 0


def test_the_waitlist_may_shrink_to_what_waits_and_no_further(caller: Caller, admit: Any, drain: Drain) -> None:
    event_id = fill(caller, admit, drain, people=4, max_capacity=1, waitlist_capacity=5)
    refused = caller.patch(f"/events/{event_id}", {"waitlist_capacity": 2})
    assert (refused.status_code, refused.json()["code"]) == (409, "capacity_below_waitlisted")
    both = caller.patch(f"/events/{event_id}", {"waitlist_capacity": 2, "max_capacity": 2})
    assert sizes(both.json()["data"]) == (2, 2, 2, 2)


def test_a_change_that_its_turn_in_the_queue_makes_impossible_is_refused_then(admit: Any, drain: Drain) -> None:
    """Six wait in front of it: the capacity was free when it was asked for, and is not any more when it is its turn."""
    caller = organizer()
    event_id = create(caller, max_capacity=10)
    admit(event_id, [apply_for(n) for n in range(6)])
    answers: list[Any] = []
    shrink = threading.Thread(target=lambda: answers.append(caller.patch(f"/events/{event_id}", {"max_capacity": 5})))
    shrink.start()
    while drain.queue.lengths([event_id]) != [7]:
        assert shrink.is_alive()
    drain.run(event_id)
    shrink.join(timeout=100)
    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "capacity_below_confirmed")
    assert statuses(event_id) == ["confirmed"] * 6
    assert SizeChange.objects.get(event_id=event_id).verdict == "below_confirmed"


def test_a_change_that_no_drain_carries_out_in_time_says_so_and_is_made_later(
    monkeypatch: pytest.MonkeyPatch, drain: Drain
) -> None:
    monkeypatch.setattr(commands, "RESIZE_TIMEOUT_SECONDS", 0.1)
    caller = organizer()
    event_id = create(caller, max_capacity=10)
    answer = caller.patch(f"/events/{event_id}", {"max_capacity": 20})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "will be made" in answer.json()["message"]
    drain.run(event_id)
    assert Event.objects.get(pk=event_id).max_capacity == 20


def test_without_redis_a_change_of_the_capacity_is_503_and_changes_nothing() -> None:
    caller = organizer()
    event_id = create(caller, max_capacity=10)
    with redis_out_of_reach():
        answer = caller.patch(f"/events/{event_id}", {"max_capacity": 20, "name": "New"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert Event.objects.get(pk=event_id).version == 1


def test_a_cancelled_event_rejects_all_who_wait_and_takes_all_seats_back(admit: Any, drain: Drain) -> None:
    caller = organizer()
    event_id = fill(caller, admit, drain, people=3, max_capacity=2, waitlist_capacity=2)
    admit(event_id, [apply_for(n) for n in range(10, 12)])
    answer = caller.post(f"/events/{event_id}/cancel")
    assert answer.status_code == 200, answer.content
    assert answer.json()["data"]["registration_state"] == "cancelled"
    assert kinds(admit(event_id, [apply_for(20)])) == ["closed"]
    assert statuses(event_id) == ["confirmed", "confirmed", "waitlisted"]
    drain.run(event_id)
    assert statuses(event_id) == ["cancelled"] * 3 + ["rejected"] * 2
    event = Event.objects.get(pk=event_id)
    assert event.rejected_counts == {"event_cancelled": 2}
    assert (event.confirmed_count, event.waitlisted_count, event.cancelled_count) == (0, 0, 3)


def test_cancelling_an_event_twice_is_harmless(caller: Caller) -> None:
    event_id = create(caller)
    first = caller.post(f"/events/{event_id}/cancel")
    again = caller.post(f"/events/{event_id}/cancel")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()


def test_only_its_organizer_cancels_an_event() -> None:
    event_id = create(organizer())
    assert ANYONE.post(f"/events/{event_id}/cancel").status_code == 401
    answer = organizer("other").post(f"/events/{event_id}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")
    assert Event.objects.get(pk=event_id).cancelled_at is None


def test_without_redis_an_event_is_not_cancelled_halfway() -> None:
    caller = organizer()
    event_id = create(caller)
    with redis_out_of_reach():
        answer = caller.post(f"/events/{event_id}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert Event.objects.get(pk=event_id).cancelled_at is None
