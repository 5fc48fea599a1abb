"""After an event's end no seat moves: what counts is when a command was admitted, by the queue's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.calls import CancelRequest
from events.admission.cancel_replies import CancellationRepeated
from events.admission.commands import enqueue_resize
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.admission.snapshots import put_snapshot
from events.domain.times import to_ms
from events.ledger.queries import event_snapshot
from events.models import Event, SizeChange
from tests.support.in_process.api import body, create, organizer
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.drain import statuses
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kinds, with_gate
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]
MINUTE = timedelta(minutes=1)


def end(client: redis.Redis, event: Event) -> None:
    """Lets the event have ended a minute ago, for the ledger and for the door."""
    past = timezone.now() - MINUTE
    times = {"start_time": past - MINUTE, "end_time": past, "registration_closes_at": past}
    Event.objects.filter(pk=event.pk).update(**times)
    event.refresh_from_db()
    put_snapshot(client, event_snapshot(event))


def full(make_event: Make, admit: Admit, drain: Drain) -> tuple[Event, list[str]]:
    """One seat, one who has it, two who wait."""
    event = make_event(max_capacity=1, waitlist_capacity=2)
    applications = [apply_for(n) for n in range(3)]
    admit(event.pk, applications)
    drain.run(event.pk)
    return event, [application.key for application in applications]


def test_the_door_gives_nothing_back_after_the_end(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event, keys = full(make_event, admit, drain)
    end(redis_client, event)

    async def scene(visitor: Visitor) -> None:
        for key in keys[:2]:
            path = f"/registrations/{tickets.ticket_id(event_id=event.pk, key=key)}"
            status, _, answer = await visitor.ask("DELETE", path)
            assert (status, answer["code"], answer["errors"]) == (409, "event_over", None)
        assert not visitor.woken

    visit(servers, scene)
    assert redis_client.xlen(event_keys(event.pk).queue) == 0
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "waitlisted", "waitlisted"]


def test_a_cancellation_that_waits_since_before_the_end_is_no_second_one(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event, keys = full(make_event, admit, drain)
    questions = [CancelRequest(keys[0], held_in_ledger=False)]
    admitted = with_gate(servers, lambda gate: gate.cancel(event.pk, questions)).answers
    end(redis_client, event)
    again = with_gate(servers, lambda gate: gate.cancel(event.pk, questions)).answers
    assert again == [CancellationRepeated(admitted[0].sequence)]


def test_what_was_admitted_before_the_end_is_carried_out_however_late(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event, keys = full(make_event, admit, drain)
    with_gate(servers, lambda gate: gate.cancel(event.pk, [CancelRequest(keys[0], held_in_ledger=False)]))
    enqueue_resize(redis_client, event_snapshot(event), key="R" * 20, max_capacity=2)
    soon = timezone.now() + timedelta(seconds=5)
    entries = redis_client.xrange(event_keys(event.pk).queue)
    assert all(int(fields[b"r"]) < to_ms(soon) for _, fields in entries)
    # The drain's own clock says that it is long over; the entries do not.
    Event.objects.filter(pk=event.pk).update(
        start_time=soon - MINUTE, end_time=soon, cancel_until=soon, decided_at=soon + MINUTE
    )
    drain.run(event.pk)
    assert statuses(event) == ["cancelled", "confirmed", "confirmed"]


def test_what_slipped_in_after_the_end_moves_no_seat(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    """The door's copy of the event may be older than the end that it was given."""
    event, keys = full(make_event, admit, drain)
    Event.objects.filter(pk=event.pk).update(start_time=timezone.now() - 2 * MINUTE, end_time=timezone.now() - MINUTE)
    requests = [CancelRequest(keys[0], held_in_ledger=False)]
    assert kinds(with_gate(servers, lambda gate: gate.cancel(event.pk, requests))) == ["admitted"]
    enqueue_resize(redis_client, event_snapshot(event), key="R" * 20, max_capacity=9)
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "waitlisted", "waitlisted"]
    assert SizeChange.objects.get(event=event).verdict == "event_over"


def test_an_event_that_is_over_keeps_its_sizes_and_times_and_may_be_renamed(redis_client: redis.Redis) -> None:
    caller = organizer()
    event = Event.objects.get(pk=create(caller))
    end(redis_client, event)
    later = body()["end_time"]
    for changes in (
        {"max_capacity": 200},
        {"waitlist_capacity": 5},
        {"end_time": later},
        {"name": "x", "end_time": later},
    ):
        answer = caller.patch(f"/events/{event.pk}", changes)
        assert (answer.status_code, answer.json()["code"]) == (409, "event_over"), changes
    answer = caller.patch(f"/events/{event.pk}", {"name": "The one with rain", "max_capacity": event.max_capacity})
    assert (answer.status_code, answer.json()["data"]["name"]) == (200, "The one with rain")


def test_an_event_that_is_over_is_not_cancelled_any_more(redis_client: redis.Redis) -> None:
    caller = organizer()
    event = Event.objects.get(pk=create(caller))
    end(redis_client, event)
    answer = caller.post(f"/events/{event.pk}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "event_over")
    Event.objects.filter(pk=event.pk).update(cancelled_at=event.start_time)
    assert caller.post(f"/events/{event.pk}/cancel").status_code == 200, "twice is harmless, also later"


def test_a_resize_that_is_ordered_after_the_end_is_told_so(
    redis_client: redis.Redis, working_drain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The organizer's request came before the end by the clock of its process, and after it by the queue's."""
    from events.api.views import events as views

    caller = organizer()
    event = Event.objects.get(pk=create(caller, max_capacity=5))
    end(redis_client, event)
    monkeypatch.setattr(views, "check_not_over", lambda *args, **kwargs: None)
    answer = caller.patch(f"/events/{event.pk}", {"max_capacity": 9})
    assert (answer.status_code, answer.json()["code"]) == (409, "event_over")
    event.refresh_from_db()
    assert event.max_capacity == 5


def test_the_page_of_a_past_event_offers_nothing_to_give_back(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    from tests.support.in_process.pages import Browser, browse

    event, keys = full(make_event, admit, drain)
    end(redis_client, event)

    async def scene(browser: Browser) -> Any:
        seat, waiting = [f"/t/{tickets.ticket_id(event_id=event.pk, key=key)}" for key in keys[:2]]
        assert "<details" not in (await browser.get(seat)).text
        assert "no seat became free" in (await browser.get(waiting)).text
        refused = await browser.fill_in(f"{seat}/cancel")
        assert (refused.status, "The event is over" in refused.text) == (409, True)

    browse(servers, scene)
