"""Held seats on a real Valkey and a real database: set aside, confirmed in time, or given to the next in line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.admission.cancel_replies import CancelAnswer
from events.admission.commands import enqueue_resize
from events.admission.hold_replies import (
    AlreadyConfirmed,
    ConfirmationQueued,
    ConfirmationRepeated,
    NotHeld,
    OrganizerOnly,
)
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply, NotInRedis
from events.admission.snapshots import put_snapshot
from events.domain.times import to_ms
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from tests.support.in_process.drain import people, shown, statuses
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kinds
from tests.support.in_process.holds import confirm, counts, ends_at, hold
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]
Give = Callable[..., list[CancelAnswer]]


def test_a_seat_is_held_until_it_is_confirmed(make_event: Make, admit: Admit, drain: Drain, servers: Services) -> None:
    event = make_event(max_capacity=2, **hold())
    keys = people(admit, event, 3)
    drain.run(event.pk)
    assert statuses(event) == ["held", "held", "rejected"]
    assert [shown(servers, event, key) for key in keys] == [("held", 1), ("held", 1), ("rejected", 1)]
    assert counts(event) == (0, 2, 0, 0)
    assert confirm(servers, event, keys[1], "payment 1") == ConfirmationQueued(4)
    assert confirm(servers, event, keys[1], "payment 1") == ConfirmationRepeated(4)
    assert confirm(servers, event, keys[1], "payment 2") == NotHeld()
    drain.run(event.pk)
    assert statuses(event) == ["held", "confirmed", "rejected"]
    assert counts(event) == (1, 1, 0, 0)
    row = Registration.objects.get(event=event, ticket_key=keys[1])
    assert (row.payment_reference, row.confirmed_at) == ("payment 1", row.decided_at)
    assert confirm(servers, event, keys[1], "payment 1") == AlreadyConfirmed()
    assert confirm(servers, event, keys[2]) == NotHeld()
    assert confirm(servers, event, tickets.mint()) == NotInRedis()


def test_a_hold_begins_when_it_is_decided_and_ends_with_the_event_at_the_latest(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    soon = timezone.now() + timedelta(seconds=90)
    times = {"start_time": timezone.now(), "end_time": soon, "registration_closes_at": soon}
    for seconds, fields, expected in ((100, {}, None), (100, times, to_ms(soon))):
        event = make_event(**hold(seconds=seconds), **fields)
        [key] = people(admit, event, 1, first=seconds)
        before = drain.queue.now_ms(event.pk)
        drain.run(event.pk)
        after = drain.queue.now_ms(event.pk)
        until = ends_at(event, key)
        assert until == expected or before + seconds * 1000 <= until <= after + seconds * 1000


def test_only_seats_from_the_waitlist_are_held_where_the_hold_is_for_those(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2, **hold(of="waitlist"))
    keys = people(admit, event, 3)
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "waitlisted", "waitlisted"]
    give_back(event, keys[0])
    drain.run(event.pk)
    assert statuses(event) == ["cancelled", "held", "waitlisted"]


def test_who_lets_a_held_seat_go_hands_it_to_the_next_in_line(
    make_event: Make, admit: Admit, drain: Drain, give_back: Give, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2, cancel_until=timezone.now(), **hold())
    keys = people(admit, event, 2)
    drain.run(event.pk)
    assert kinds(admit(event.pk, [apply_for(0)])) == ["duplicate"]
    give_back(event, keys[0])
    assert confirm(servers, event, keys[0]) == NotHeld()
    drain.run(event.pk)
    assert statuses(event) == ["cancelled", "held"]
    assert kinds(admit(event.pk, [apply_for(0)])) == ["admitted"]
    assert counts(event) == (0, 1, 0, 0)


def test_what_redis_has_forgotten_is_confirmed_by_what_the_ledger_says(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(**hold())
    keys = people(admit, event, 2)
    drain.run(event.pk)
    redis_client.delete(*event_keys(event.pk).all())
    event.refresh_from_db()
    put_snapshot(redis_client, event_snapshot(event))
    assert confirm(servers, event, keys[0]) == NotInRedis()
    assert confirm(servers, event, keys[0], until_ms=ends_at(event, keys[0])) == ConfirmationQueued(3)
    assert confirm(servers, event, keys[1], until_ms=drain.queue.now_ms(event.pk)) == NotHeld()
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "held"]


def test_a_paid_hold_is_confirmed_by_its_organizer_alone_also_after_a_change(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(**hold(by="organizer"))
    keys = people(admit, event, 1)
    drain.run(event.pk)
    Event.objects.filter(pk=event.pk).update(hold_confirmed_by="holder")
    event.refresh_from_db()
    put_snapshot(redis_client, event_snapshot(event))
    assert confirm(servers, event, keys[0]) == OrganizerOnly()
    assert confirm(servers, event, keys[0], organizer=event.organizer_id + 1) == OrganizerOnly()
    assert confirm(servers, event, keys[0], organizer=event.organizer_id) == ConfirmationQueued(2)


def test_a_capacity_below_what_is_held_is_refused(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=3, **hold())
    people(admit, event, 2)
    drain.run(event.pk)
    enqueue_resize(redis_client, event_snapshot(event), key=tickets.mint(), max_capacity=1)
    drain.run(event.pk)
    assert [change.verdict for change in event.size_changes.all()] == ["below_confirmed"]


def test_the_database_keeps_the_rules_of_holds_a_second_time(make_event: Make, admit: Admit, drain: Drain) -> None:
    event = make_event(max_capacity=2, waitlist_capacity=1, **hold())
    people(admit, event, 3)
    drain.run(event.pk)
    rows: Any = Registration.objects.filter(event=event, status="held")
    events: Any = Event.objects.filter(pk=event.pk)
    for broken, change in (
        (rows, {"expires_at": None}),
        (rows, {"hold_confirmed_by": ""}),
        (events, {"held_count": 3}),
        (events, {"held_count": 1}),
        (events, {"hold_confirmed_by": ""}),
        (rows[:1], {"email_key": "guest1@example.com"}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            chosen = Registration.objects.filter(pk__in=[row.pk for row in broken]) if broken is not events else events
            chosen.update(**change)
