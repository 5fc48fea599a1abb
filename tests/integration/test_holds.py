"""Held seats on a real Valkey and a real database: set aside, confirmed in time, or given to the next in line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.admission.commands import enqueue_resize
from events.admission.hold_replies import (
    AlreadyConfirmed,
    ConfirmationQueued,
    ConfirmationRepeated,
    NotHeld,
    OrganizerOnly,
)
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply, CancelAnswer, NotInRedis
from events.admission.snapshots import put_snapshot
from events.domain.times import to_ms
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from events.services.commands import requeue_closing
from tests.support.in_process.drain import people, shown, statuses, told
from tests.support.in_process.events import let_it_be_over, tickets
from tests.support.in_process.gate import apply_for, kinds
from tests.support.in_process.holds import confirm, drain_at, ends_at, expirer, hold
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]
Give = Callable[..., list[CancelAnswer]]


def counts(event: Event) -> tuple[int, int, int, int]:
    """Confirmed, held and waitlisted seats, and tickets whose hold ran out."""
    event.refresh_from_db()
    return event.confirmed_count, event.held_count, event.waitlisted_count, event.expired_count


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


def test_a_hold_that_runs_out_goes_to_the_next_for_a_full_time_of_their_own(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2, **hold())
    keys = people(admit, event, 3)
    drain_at(drain, redis_client, -60.5).run(event.pk)
    assert statuses(event) == ["held", "waitlisted", "waitlisted"]
    assert confirm(servers, event, keys[0]) == NotHeld()
    woken: list[int] = []
    assert expirer(redis_client, woken.append).once() == 1
    assert woken == [event.pk]
    assert expirer(redis_client, woken.append).once() == 0
    now_ms = drain.queue.now_ms(event.pk)
    drain.run(event.pk)
    assert told(event)[0][:2] == ("expired", "")
    assert statuses(event) == ["expired", "held", "waitlisted"]
    assert shown(servers, event, keys[0]) == ("expired", 2)
    assert ends_at(event, keys[1]) >= now_ms + 60_000
    assert counts(event) == (0, 1, 1, 1)
    assert expirer(redis_client).once() == 0
    assert kinds(admit(event.pk, [apply_for(0)])) == ["admitted"]


def test_what_was_admitted_first_wins_however_late_it_is_decided(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(max_capacity=2, waitlist_capacity=1, **hold())
    keys = people(admit, event, 3)
    # The first hold ends in half a second, while both commands wait.
    drain_at(drain, redis_client, -59.5).run(event.pk)
    assert confirm(servers, event, keys[0]) == ConfirmationQueued(4)
    ending = expirer(redis_client)
    number = 0
    while number < 2:
        number += ending.once()
    assert confirm(servers, event, keys[1]) == NotHeld()
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "expired", "held"]


def test_the_very_millisecond_of_the_end_is_too_late(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    """Entries as admission writes them, stamped with the hold's last millisecond and its end."""
    event = make_event(max_capacity=4, **hold())
    keys = people(admit, event, 4)
    drain.run(event.pk)
    queue = event_keys(event.pk).queue
    place = 5
    for key, kind, late_ms in zip(keys, ("confirm", "confirm", "expire", "expire"), (-1, 0, -1, 0), strict=True):
        stamp = ends_at(event, key) + late_ms
        redis_client.xadd(queue, {"t": key, "c": kind, "r": stamp, "p": '[""]'}, id=f"{place}-0")
        place += 1
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "held", "held", "expired"]


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


def test_a_hold_ends_after_the_event_too_and_its_seats_go_to_no_one(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1, **hold())
    keys = people(admit, event, 2)
    drain.run(event.pk)
    let_it_be_over(event, days=0)
    event.refresh_from_db()
    put_snapshot(redis_client, event_snapshot(event))
    assert confirm(servers, event, keys[0]) == NotHeld()
    Registration.objects.filter(event=event, status="held").update(expires_at=event.end_time)
    assert expirer(redis_client).once() == 1
    drain.run(event.pk)
    assert statuses(event) == ["expired", "waitlisted"]
    assert counts(event) == (0, 0, 1, 1)


def test_a_cancelled_event_ends_its_holds_as_it_ends_its_seats(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event = make_event(max_capacity=2, **hold())
    keys = people(admit, event, 2)
    drain_at(drain, redis_client, -61).run(event.pk)
    Event.objects.filter(pk=event.pk).update(cancelled_at=timezone.now())
    event.refresh_from_db()
    put_snapshot(redis_client, event_snapshot(event))
    assert expirer(redis_client).once() == 0
    assert confirm(servers, event, keys[0]) == NotHeld()
    requeue_closing(event_snapshot(event))
    drain.run(event.pk)
    assert told(event)[0][:2] == ("cancelled", "event_cancelled")
    assert counts(event) == (0, 0, 0, 0)


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
