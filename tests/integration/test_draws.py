"""Draws on a real Valkey and a real database: who enters, who gets a seat, and what the log proves of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from events.admission.commands import enqueue_closing, enqueue_draw
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.admission.snapshots import put_snapshot
from events.domain.times import to_ms
from events.ledger.draw import steps
from events.ledger.queries import event_snapshot
from events.models import Draw, DrawRank, Event, Registration
from events.secrets import tickets as service_tickets
from omnify.loader import LedgerLoader
from tests.support.in_process.codes import counted, give_codes, with_code
from tests.support.in_process.decision_log import check
from tests.support.in_process.drain import Crash, crash_at, people, shown, statuses
from tests.support.in_process.draws import draw_now, drawer, hold_draw, move_draw
from tests.support.in_process.events import ticket_type
from tests.support.in_process.gate import apply_for, kinds
from tests.support.in_process.holds import hold
from tests.support.in_process.positions import places
from tests.support.servers import Services
from verify import omnify_verify
from worker.drain import Drain
from worker.failpoints import Failpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]
Enter = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of other tests had the same numbers: what was signed of them is not remembered here."""
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, home=tmp_path))


@pytest.fixture
def enter(make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis) -> Enter:
    """Makes an event with a draw that is due, and guests who are in it."""

    def entered(number: int, *others: Any, **fields: Any) -> tuple[Event, list[str]]:
        event = make_event(**{"draw_at": timezone.now() + timedelta(hours=1), **fields})
        keys = people(admit, event, number)
        if others:
            admit(event.pk, others)
        draw_now(event, redis_client)
        drain.run(event.pk)
        event.refresh_from_db()
        return event, keys

    return entered


def waiting(event: Event) -> list[str]:
    """The waitlist as it was drawn."""
    rows = Registration.objects.filter(event=event, status="waitlisted").order_by("turn")
    return list(rows.values_list("ticket_key", flat=True))


def test_who_comes_before_the_draw_is_in_it_and_gets_a_seat_a_position_or_nothing(
    enter: Enter, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event, keys = enter(10, max_capacity=3, waitlist_capacity=4)
    assert Counter(statuses(event)) == {"entered": 10}
    assert [shown(servers, event, key) for key in keys] == [("entered", 1)] * 10
    assert (event.entered_count, event.confirmed_count, event.waitlisted_count) == (10, 0, 0)
    assert check(event).problem == ""
    hold_draw(event, drain, redis_client)
    assert Counter(statuses(event)) == {"confirmed": 3, "waitlisted": 4, "rejected": 3}
    assert (event.entered_count, event.confirmed_count, event.waitlisted_count) == (0, 3, 4)
    assert (event.draw_state, event.rejected_counts) == ("drawn", {"not_drawn": 3})
    assert not DrawRank.objects.exists()
    found = check(event)
    assert found.problem == ""
    assert found.replay.draw is not None
    assert found.replay.draw.is_over


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


def test_the_waitlist_stands_as_it_was_drawn_and_later_guests_stand_behind_it(
    enter: Enter, admit: Admit, give_back: Any, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event, _ = enter(9, max_capacity=2, waitlist_capacity=9)
    hold_draw(event, drain, redis_client)
    drawn = waiting(event)
    [late] = people(admit, event, 1, first=20)
    drain.run(event.pk)
    assert places(servers, event, *drawn, late) == list(range(1, 9))
    redis_client.delete(event_keys(event.pk).waitlist)
    assert places(servers, event, *drawn, late, loader=LedgerLoader(redis_client)) == list(range(1, 9))
    winners = Registration.objects.filter(event=event, status="confirmed").values_list("ticket_key", flat=True)
    give_back(event, *winners)
    drain.run(event.pk)
    assert waiting(event) == [*drawn[2:], late] or waiting(event) == [late, *drawn[2:]]
    confirmed = Registration.objects.filter(event=event, status="confirmed").values_list("ticket_key", flat=True)
    assert set(confirmed) == set(drawn[:2])
    assert check(event).problem == ""


def test_an_entry_can_be_taken_back_and_no_mailbox_has_two(
    enter: Enter, admit: Admit, give_back: Any, drain: Drain, redis_client: redis.Redis
) -> None:
    event, keys = enter(4, max_capacity=2)
    assert kinds(admit(event.pk, [apply_for(0)])) == ["paused"]
    give_back(event, keys[0])
    redis_client.delete(*event_keys(event.pk).decided)
    drain.run(event.pk)
    event.refresh_from_db()
    assert (event.entered_count, statuses(event)[0]) == (3, "cancelled")
    hold_draw(event, drain, redis_client)
    assert Counter(statuses(event)) == {"cancelled": 1, "confirmed": 2, "rejected": 1}
    assert check(event).problem == ""


def test_a_duplicate_is_refused_at_the_door_and_where_redis_has_forgotten_by_the_drain(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(draw_at=timezone.now() + timedelta(hours=1))
    people(admit, event, 1)
    drain.run(event.pk)
    assert kinds(admit(event.pk, [apply_for(0)])) == ["duplicate"]
    redis_client.delete(*event_keys(event.pk).decided)
    assert kinds(admit(event.pk, [apply_for(0)])) == ["admitted"]
    drain.run(event.pk)
    assert statuses(event) == ["entered", "rejected"]


def test_no_one_is_admitted_between_the_draws_time_and_its_end(
    enter: Enter, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event, _ = enter(1, max_capacity=3)
    assert kinds(admit(event.pk, [apply_for(7)])) == ["paused"]
    hold_draw(event, drain, redis_client)
    assert kinds(admit(event.pk, [apply_for(7)])) == ["admitted"]
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "confirmed"]
    assert check(event).problem == ""


def test_types_groups_holds_and_codes_are_drawn_by_their_own_rules(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    kinds_of_ticket = [ticket_type("Hall", 3, waitlist=2, most=2), ticket_type("Balcony", 1)]
    event = make_event(
        draw_at=timezone.now() + timedelta(hours=1), ticket_types=kinds_of_ticket, access="code", **hold()
    )
    give_codes(redis_client, event, "SPRING", uses=40)
    hall, balcony = (found.pk for found in event.ticket_types.order_by("rank"))
    asked = [with_code(event, n, "SPRING", quantity=1 + n % 2, type_id=hall) for n in range(8)]
    asked += [with_code(event, n, "SPRING", type_id=balcony) for n in range(8, 12)]
    assert set(kinds(admit(event.pk, asked))) == {"admitted"}
    draw_now(event, redis_client)
    drain.run(event.pk)
    assert counted(redis_client, event) == ([16], [16], {})
    hold_draw(event, drain, redis_client)
    assert event.held_count in (3, 4)
    rows = Registration.objects.filter(event=event, status__in=["held", "waitlisted"])
    assert counted(redis_client, event)[0] == [sum(row.quantity for row in rows)]
    assert set(Registration.objects.filter(event=event, ticket_type=balcony).values_list("status", flat=True)) == {
        "held",
        "rejected",
    }
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
    assert check(event).problem == ""


def test_a_draw_that_was_held_with_no_one_in_it_and_is_moved_is_another_draw(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(draw_at=timezone.now() + timedelta(hours=1), max_capacity=1)
    draw_now(event, redis_client)
    hold_draw(event, drain, redis_client)
    assert event.draw_state == "drawn"
    known = bytes(Draw.objects.get(event=event).secret)
    move_draw(event, redis_client, to_ms(timezone.now() + timedelta(hours=1)))
    people(admit, event, 3)
    draw_now(event, redis_client)
    hold_draw(event, drain, redis_client)
    assert Counter(statuses(event)) == {"confirmed": 1, "rejected": 2}
    assert bytes(Draw.objects.get(event=event).secret) != known
    assert check(event).problem == ""


def test_a_draw_that_comes_after_the_events_end_gives_no_seat(
    enter: Enter, drain: Drain, redis_client: redis.Redis
) -> None:
    event, _ = enter(3, max_capacity=3)
    now = timezone.now()
    times = {"start_time": now - timedelta(minutes=2), "end_time": now - timedelta(minutes=1)}
    Event.objects.filter(pk=event.pk).update(**times)
    hold_draw(event, drain, redis_client)
    assert Counter(statuses(event)) == {"rejected": 3}
    assert check(event).problem == ""


def test_a_draw_before_its_time_and_a_second_one_do_nothing(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(draw_at=timezone.now() + timedelta(hours=1), max_capacity=1)
    people(admit, event, 2)
    assert drawer(redis_client).once() == 0
    enqueue_draw(redis_client, event_snapshot(event), key=service_tickets().mint())
    drain.run(event.pk)
    assert statuses(event) == ["entered", "entered"]


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
