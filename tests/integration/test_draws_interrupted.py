"""Draws that do not go through at once: a crash at each step, what Redis loses, a cancelled event, a late round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from events.admission.commands import enqueue_closing
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.admission.snapshots import put_snapshot
from events.ledger.draw import steps
from events.ledger.queries import event_snapshot
from events.models import Draw, DrawRank, Event, Registration
from tests.support.in_process.decision_log import check
from tests.support.in_process.drain import Crash, crash_at, people, statuses
from tests.support.in_process.draws import Enter, draw_now, drawer, entering, hold_draw
from tests.support.in_process.gate import apply_for, kinds
from verify import omnify_verify
from worker.drain import Drain
from worker.failpoints import Failpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


@pytest.fixture
def enter(make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis) -> Enter:
    return entering(make_event, admit, drain, redis_client)


@pytest.mark.parametrize("failpoint", ["drain.before_commit", "drain.after_commit", "drain.after_publish"])
def test_a_draw_that_is_killed_at_each_of_its_steps_goes_on_where_it_was(
    enter: Enter, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, failpoint: Failpoint
) -> None:
    monkeypatch.setattr(steps, "MOVES_AT_ONCE", 3)
    monkeypatch.setattr(steps, "RANKED_AT_ONCE", 4)
    event, _ = enter(10, max_capacity=3, waitlist_capacity=4)
    assert drawer(redis_client).once() == 1
    crashes = 0
    while not Draw.objects.filter(event=event, drawn_at__isnull=False).exists():
        with pytest.raises(Crash):
            replace(drain, checkpoint=crash_at(failpoint, after=1)).run(event.pk)
        crashes += 1
    drain.run(event.pk)
    assert crashes >= 4
    assert Counter(statuses(event)) == {"confirmed": 3, "waitlisted": 4, "rejected": 3}
    assert Registration.objects.filter(event=event, revision=2).count() == 10
    assert check(event).problem == ""


def test_what_comes_before_a_draws_command_that_was_lost_and_put_there_again_waits_for_its_end(
    enter: Enter, give_back: Any, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MOVES_AT_ONCE", 2)
    event, _ = enter(8, max_capacity=8)
    assert drawer(redis_client).once() == 1
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_publish", after=3)).run(event.pk)
    assert Counter(statuses(event)) == {"confirmed": 2, "entered": 6}
    redis_client.delete(event_keys(event.pk).queue)
    last = DrawRank.objects.filter(draw_id=event.pk).order_by("rank").last()
    assert last is not None
    give_back(event, last.ticket_key)
    hold_draw(event, drain, redis_client)
    assert Counter(statuses(event)) == {"confirmed": 7, "cancelled": 1}
    assert Registration.objects.get(event=event, ticket_key=last.ticket_key).revision == 3
    assert event.entered_count == 0
    assert check(event).problem == ""


@pytest.mark.parametrize("steps_before", [0, 4])
def test_a_cancelled_event_draws_no_one_any_more(
    enter: Enter, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, steps_before: int
) -> None:
    monkeypatch.setattr(steps, "MOVES_AT_ONCE", 2)
    event, _ = enter(6, max_capacity=3)
    assert drawer(redis_client).once() == 1
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_commit", after=steps_before)).run(event.pk)
    Event.objects.filter(pk=event.pk).update(cancelled_at=timezone.now())
    event.refresh_from_db()
    enqueue_closing(redis_client, event_snapshot(event), key="C" * 20)
    drain.run(event.pk)
    assert set(statuses(event)) <= {"cancelled", "rejected"}
    event.refresh_from_db()
    assert (event.entered_count, event.confirmed_count) == (0, 0)
    assert drawer(redis_client).once() == 0
    assert not DrawRank.objects.exists()
    assert check(event).problem == ""


def test_a_draw_waits_for_the_round_that_was_named_and_takes_no_other(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, drand_url="https://drand.example.org"))
    event = make_event(draw_at=timezone.now() + timedelta(hours=1), max_capacity=1)
    people(admit, event, 4)
    draw_now(event, redis_client)
    hold_draw(event, drain, redis_client)
    assert (event.draw_state, Counter(statuses(event))) == ("sealed", {"entered": 4})
    named = Draw.objects.get(event=event).round
    asked: list[int] = []

    def not_yet(number: int) -> None:
        asked.append(number)

    redis_client.delete(event_keys(event.pk).draw)
    assert drawer(redis_client, not_yet).once() == 0
    assert asked == [named]
    assert kinds(admit(event.pk, [apply_for(7)])) == ["paused"]
    assert check(event).problem == ""
    # A round that is not published yet has no signature that could be verified.
    monkeypatch.setattr(omnify_verify, "is_round", lambda number, signature: number == named)
    assert drawer(redis_client, lambda number: bytes(48)).once() == 1
    drain.run(event.pk)
    assert Counter(statuses(event)) == {"confirmed": 1, "rejected": 3}
    assert check(event).problem == ""


def test_a_lost_copy_does_not_keep_a_draw_from_being_held(
    enter: Enter, drain: Drain, redis_client: redis.Redis
) -> None:
    event, _ = enter(3, max_capacity=1)
    redis_client.delete(*event_keys(event.pk).all())
    hold_draw(event, drain, redis_client)
    put_snapshot(redis_client, event_snapshot(event))
    assert Counter(statuses(event)) == {"confirmed": 1, "rejected": 2}
