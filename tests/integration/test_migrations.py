"""What migrations make of rows that an earlier release wrote."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from events.models import Event, Registration
from tests.support.in_process.api import attend, create, organizer

pytestmark = pytest.mark.django_db


def test_cancellations_of_an_earlier_release_are_told_apart_by_the_events_end() -> None:
    caller = organizer()
    ended, going_on = create(caller), create(caller)
    for event_id in (ended, going_on):
        attend(event_id, 2, status="cancelled")
    Event.objects.filter(pk__in=(ended, going_on)).update(cancelled_count=2)
    last = Registration.objects.filter(event_id=ended).latest("id")
    Event.objects.filter(pk=ended).update(cancelled_at=timezone.now())
    Registration.objects.filter(pk=last.pk).update(decided_at=timezone.now())
    import_module("events.migrations.0006_cancellation_reasons").name_reasons(apps, None)
    assert reasons(ended) == ["by_holder", "event_cancelled"]
    assert reasons(going_on) == ["by_holder", "by_holder"]


def test_groups_in_draws_are_counted_anew() -> None:
    caller = organizer()
    drawn, other = create(caller), create(caller)
    for event_id in (drawn, other):
        attend(event_id, 2, status="entered")
    Registration.objects.filter(event_id=drawn).update(quantity=3)
    Event.objects.filter(pk=drawn).update(draw_state="sealed", entered_count=6, entered_companions=1)
    Event.objects.filter(pk=other).update(entered_companions=7)
    import_module("events.migrations.0039_entered_companions").count_anew(apps, None)
    assert list(Event.objects.order_by("pk").values_list("entered_companions", flat=True)) == [4, 7]


def reasons(event_id: int) -> list[str]:
    return list(Registration.objects.filter(event_id=event_id).order_by("id").values_list("reason", flat=True))
