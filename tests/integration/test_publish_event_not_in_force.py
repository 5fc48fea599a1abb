"""What an organizer changes while the door cannot be reached: saved, and said not to be in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.models import AccessCode, AuditEntry, Event, IdempotentAnswer
from tests.support.in_process.api import Caller, body, create, organizer
from tests.support.in_process.outages import redis_out_of_reach

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[Caller, int], Any]


def post(act: str, **headers: str) -> Act:
    return lambda caller, event_id: caller.post(f"/events/{event_id}/{act}", {}, **headers)


def patch(**fields: Any) -> Act:
    return lambda caller, event_id: caller.patch(f"/events/{event_id}", fields)


# A change, the field of the door's copy that it moves, and what that is then.
CHANGES: dict[str, tuple[Act, str, bytes]] = {
    "pause": (post("pause"), "paused", b"1"),
    "visibility": (patch(visibility="draft"), "draft", b"1"),
    "cancel_until": (patch(cancel_until=body()["end_time"]), "cancel_until", b""),
    "times": (patch(registration_closes_at=body()["start_time"]), "closes", b""),
    "name": (patch(name="Renamed"), "snapshot", b""),
}


def copied(client: redis.Redis, event_id: int, field: str) -> bytes | None:
    found: Any = client.hget(event_keys(event_id).state, field)
    return found


def is_unavailable(answer: Any) -> bool:
    found = answer.json()
    return (answer.status_code, found["code"], "Retry-After" in answer.headers) == (503, "unavailable", True)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_the_door_has_not_got_is_saved_and_not_a_success(change: str, redis_client: redis.Redis) -> None:
    act, field, value = CHANGES[change]
    caller = organizer()
    event_id = create(caller)
    before = copied(redis_client, event_id, field)
    with redis_out_of_reach():
        answer = act(caller, event_id)
        assert is_unavailable(answer), answer.content
        assert "saved, but not in force" in answer.json()["message"]
    assert copied(redis_client, event_id, field) == before
    assert act(caller, event_id).status_code == 200, "the same again"
    after = copied(redis_client, event_id, field)
    assert after != before
    assert not value or after == value


def test_a_sale_goes_on_only_where_the_door_knows(redis_client: redis.Redis) -> None:
    caller = organizer()
    event_id = create(caller)
    assert post("pause")(caller, event_id).status_code == 200
    with redis_out_of_reach():
        assert is_unavailable(post("resume")(caller, event_id))
    assert copied(redis_client, event_id, "paused") == b"1"
    assert post("resume")(caller, event_id).status_code == 200
    assert copied(redis_client, event_id, "paused") == b"0"


@pytest.mark.parametrize("act", [post("cancel"), patch(max_capacity=9), patch(waitlist_capacity=9)])
def test_what_takes_its_turn_in_the_queue_changes_nothing_without_it(act: Act) -> None:
    caller = organizer()
    event_id = create(caller)
    before = Event.objects.get(pk=event_id)
    with redis_out_of_reach():
        assert is_unavailable(act(caller, event_id))
    after = Event.objects.get(pk=event_id)
    assert (after.version, after.cancelled_at, after.max_capacity) == (before.version, None, before.max_capacity)


def test_a_key_of_a_change_that_was_not_in_force_brings_no_success_of_before(redis_client: redis.Redis) -> None:
    caller = organizer()
    event_id = create(caller)
    pause = post("pause", **{"Idempotency-Key": "k1"})
    with redis_out_of_reach():
        assert [is_unavailable(pause(caller, event_id)) for _ in range(2)] == [True, True]
    assert not IdempotentAnswer.objects.exists()
    assert pause(caller, event_id).status_code == 200
    assert copied(redis_client, event_id, "paused") == b"1"
    with redis_out_of_reach():
        assert pause(caller, event_id).status_code == 200, "in force since"
    assert AuditEntry.objects.filter(action="event_paused").count() == 3


def test_no_codes_are_given_out_that_the_door_does_not_know(redis_client: redis.Redis) -> None:
    caller = organizer()
    event_id = create(caller)
    path = f"/events/{event_id}/codes"
    with redis_out_of_reach():
        assert is_unavailable(caller.post(path, {"count": 2}))
    assert not AccessCode.objects.exists()
    assert caller.post(path, {"count": 2}).status_code == 201
    first, second = AccessCode.objects.order_by("pk")
    digest = first.digest

    def uses_at_the_door() -> bytes:
        found: Any = redis_client.hget(event_keys(event_id).codes, digest)
        return bytes(found)

    good = uses_at_the_door()
    with redis_out_of_reach():
        assert is_unavailable(caller.send("DELETE", f"{path}/{first.pk}"))
        assert is_unavailable(caller.post(f"{path}/revoke", {"ids": [first.pk, second.pk]}))
    assert AccessCode.objects.filter(revoked_at=None).count() == 0
    assert uses_at_the_door() == good
    assert caller.send("DELETE", f"{path}/{first.pk}").status_code == 200
    assert uses_at_the_door() != good
