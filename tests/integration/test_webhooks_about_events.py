"""Messages about an event itself: `event.changed` and `event.cancelled`, for subscriptions and in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from events.ledger.events import change_event, event_for_change
from events.models import Event, MessageBatch, WebhookDelivery
from events.services.commands import Sizes, resize
from tests.support.in_process.api import create, organizer
from tests.support.in_process.outbox import subscribe
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


def told() -> list[tuple[str, dict[str, Any]]]:
    """Every delivery's type, and the event in it."""
    rows = WebhookDelivery.objects.order_by("pk").values_list("type", "data")
    return [(type_, json.loads(data)) for type_, data in rows]


def test_each_change_and_the_cancellation_are_told_once_with_the_event_as_it_is_then() -> None:
    caller = organizer()
    event_id = create(caller)
    subscribe(Event.objects.get(pk=event_id))
    subscribe(Event.objects.get(pk=event_id), types=["registration.confirmed"])
    for _ in range(2):
        assert caller.patch(f"/events/{event_id}", {"name": "Another name"}).status_code == 200
    assert caller.post(f"/events/{event_id}/pause").status_code == 200
    for _ in range(2):
        assert caller.post(f"/events/{event_id}/cancel").status_code == 200
    messages = told()
    assert [type_ for type_, _ in messages] == ["event.changed", "event.changed", "event.cancelled"]
    assert [data["name"] for _, data in messages] == ["Another name"] * 3
    assert [data["registration_paused"] for _, data in messages] == [False, True, True]
    assert [data["registration_state"] for _, data in messages] == ["open", "open", "cancelled"]
    revisions = [data["revision"] for _, data in messages]
    assert revisions == sorted(set(revisions))
    log = caller.get("/log").json()["data"]["results"]
    assert [(message["type"], message["data"]) for message in log] == messages


def test_new_sizes_are_told_by_the_drain_that_applies_them(make_event: Make, drain: Drain) -> None:
    event = make_event(max_capacity=2)
    subscribe(event)
    resize(event, Sizes(max_capacity=7))
    assert told() == []
    drain.run(event.pk)
    [(type_, data)] = told()
    assert (type_, data["max_capacity"], data["seats_left"]) == ("event.changed", 7, 7)


def test_a_start_that_is_moved_is_kept_but_for_a_draft() -> None:
    caller = organizer()
    event_id = create(caller, visibility="draft", start_time="2030-12-01T18:00:00Z", end_time="2030-12-05T18:00:00Z")
    shown = [
        caller.patch(f"/events/{event_id}", change).json()["data"]["previous_start_time"]
        for change in (
            {"start_time": "2030-12-02T18:00:00Z"},
            {"visibility": "public", "name": "Another name"},
            {"start_time": "2030-12-03T18:00:00Z"},
            {"start_time": "2030-12-03T18:00:00Z", "name": "Another name yet"},
        )
    ]
    assert shown == [None, None, *["2030-12-02T18:00:00.000+00:00"] * 2]


def test_a_change_that_is_rolled_back_is_told_to_no_one(make_event: Make) -> None:
    event = make_event()
    subscribe(event)
    with transaction.atomic():
        locked = event_for_change(event_id=event.pk)
        assert locked is not None
        change_event(locked, fields={"name": "Another name"}, now=timezone.now())
        assert len(told()) == 1
        transaction.set_rollback(True)
    assert (told(), MessageBatch.objects.count()) == ([], 0)
