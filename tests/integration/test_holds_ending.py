"""When a hold ends: in time, with its event, or with the first command that was admitted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis
from django.utils import timezone

from events.admission.hold_replies import ConfirmationQueued, NotHeld
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.admission.snapshots import put_snapshot
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from events.services.commands import requeue_closing
from tests.support.in_process.drain import people, shown, statuses, told
from tests.support.in_process.events import let_it_be_over
from tests.support.in_process.gate import apply_for, kinds
from tests.support.in_process.holds import confirm, counts, drain_at, ends_at, expirer, hold
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


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
