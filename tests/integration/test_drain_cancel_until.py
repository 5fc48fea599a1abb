"""Tickets that can be given back until a time: at the door, on a late drain, and for those who still wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.commands import enqueue_cancellation
from events.admission.keys import event_keys
from events.domain.times import from_iso
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from events.services.publish_event import publish_after_commit
from tests.support.in_process.api import create, organizer
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.gate import apply_for, kinds
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Give = Callable[..., list[Any]]


def close(event: Event) -> None:
    """From now on holders keep their seats."""
    Event.objects.filter(pk=event.pk).update(
        cancel_until=timezone.now() - timedelta(seconds=1), version=event.version + 9
    )
    event.refresh_from_db()
    publish_after_commit(event)


def statuses(event: Event) -> list[str]:
    return list(Registration.objects.filter(event=event).order_by("sequence").values_list("status", flat=True))


def tags(answers: list[Any]) -> list[str]:
    return [str(answer.__struct_config__.tag) for answer in answers]


def test_the_door_refuses_after_the_time_in_the_contracts_words(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, headers, _ = await visitor.register(event.pk, 1)
        await asyncio.to_thread(drain.run, event.pk)
        await asyncio.to_thread(close, event)
        status, _, body = await visitor.ask("DELETE", headers["location"])
        assert (status, body["code"]) == (409, "cancellation_closed")

    visit(servers, scene)


def test_what_was_admitted_in_time_is_carried_out_by_a_late_drain(
    make_event: Make, admit: Any, give_back: Give, drain: Drain
) -> None:
    event = make_event()
    guests = [apply_for(number) for number in range(2)]
    admit(event.pk, guests)
    drain.run(event.pk)
    assert tags(give_back(event, guests[0].key)) == ["admitted"]
    future = timezone.now() + timedelta(hours=1)
    Event.objects.filter(pk=event.pk).update(cancel_until=future)
    drain.run(event.pk)
    assert statuses(event) == ["cancelled", "confirmed"]


def test_what_was_admitted_in_time_is_carried_out_though_the_organizer_moves_the_time_to_before_it(
    make_event: Make, admit: Any, give_back: Give, drain: Drain
) -> None:
    event = make_event()
    guest = apply_for(1)
    admit(event.pk, [guest])
    drain.run(event.pk)
    assert tags(give_back(event, guest.key)) == ["admitted"]
    Event.objects.filter(pk=event.pk).update(cancel_until=timezone.now() - timedelta(hours=1))
    drain.run(event.pk)
    assert statuses(event) == ["cancelled"]


def test_the_drain_judges_what_the_door_could_not(
    make_event: Make, admit: Any, give_back: Give, drain: Drain, redis_client: redis.Redis
) -> None:
    """The copy of a door of an earlier release has no such time."""
    event = make_event(cancel_until=timezone.now() - timedelta(hours=1))
    guest = apply_for(1)
    admit(event.pk, [guest])
    drain.run(event.pk)
    redis_client.hdel(event_keys(event.pk).state, "cancel_until")
    assert tags(give_back(event, guest.key)) == ["admitted"]
    drain.run(event.pk)
    assert statuses(event) == ["confirmed"]


def test_who_is_queued_or_waits_may_leave_even_if_a_seat_comes_first(
    make_event: Make, admit: Any, give_back: Give, drain: Drain
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    guests = [apply_for(number) for number in range(3)]
    admit(event.pk, guests[:2])
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "waitlisted"]
    close(event)
    Event.objects.filter(pk=event.pk).update(waitlist_capacity=2)
    assert kinds(admit(event.pk, [guests[2]])) == ["sold_out"]
    assert tags(give_back(event, *(guest.key for guest in guests[:2]))) == ["closed", "admitted"]
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "cancelled"]
    other = make_event()
    close(other)
    late = apply_for(9)
    admit(other.pk, [late])
    assert tags(give_back(other, late.key)) == ["admitted"]
    drain.run(other.pk)
    assert statuses(other) == ["cancelled"]


def test_the_other_reasons_are_said_first(
    make_event: Make, admit: Any, give_back: Give, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    guest = apply_for(1)
    admit(event.pk, [guest])
    drain.run(event.pk)
    close(event)
    assert tags(give_back(event, guest.key)) == ["closed"]
    redis_client.hset(event_keys(event.pk).state, "ends", "1")
    assert tags(give_back(event, guest.key)) == ["event_over"]


def test_the_operator_is_not_bound(make_event: Make, admit: Any, drain: Drain, redis_client: redis.Redis) -> None:
    event = make_event()
    guest = apply_for(1)
    admit(event.pk, [guest])
    drain.run(event.pk)
    close(event)
    assert enqueue_cancellation(redis_client, event_snapshot(event), key=guest.key) is not None
    drain.run(event.pk)
    assert statuses(event) == ["cancelled"]


def test_the_time_is_the_start_unless_told_and_no_later_than_the_end() -> None:
    caller = organizer()
    event_id = create(caller)
    shown = caller.patch(f"/events/{event_id}", {"start_time": (timezone.now() + timedelta(days=2)).isoformat()})
    assert shown.json()["data"]["cancel_until"] == shown.json()["data"]["start_time"]
    late = (timezone.now() + timedelta(days=900)).isoformat()
    refused = caller.patch(f"/events/{event_id}", {"cancel_until": late})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["cancel_until"])
    changed = caller.patch(f"/events/{event_id}", {"cancel_until": "2026-01-01T00:00:00Z"}).json()["data"]
    assert changed["cancel_until"] == "2026-01-01T00:00:00.000+00:00"
    back = caller.patch(f"/events/{event_id}", {"cancel_until": None}).json()["data"]
    assert back["cancel_until"] == back["start_time"]


def test_the_end_does_not_move_to_before_the_time_until_which_tickets_come_back() -> None:
    caller = organizer()
    event_id = create(caller)
    shown = caller.get(f"/events/{event_id}").json()["data"]
    path, start, end = f"/events/{event_id}", shown["start_time"], shown["end_time"]
    assert caller.patch(path, {"cancel_until": end}).status_code == 200
    earlier = (from_iso(end) - timedelta(seconds=1)).isoformat()
    for refused in (caller.patch(path, {"end_time": earlier}), caller.post(f"{path}/duplicate", {"end_time": earlier})):
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["end_time"])
    both = caller.patch(path, {"end_time": earlier, "cancel_until": start}).json()["data"]
    assert both["cancel_until"] == start
    copied = caller.post(f"{path}/duplicate", {"cancel_until": None}).json()["data"]
    assert (copied["cancel_until"], both["end_time"] < end) == (start, True)
