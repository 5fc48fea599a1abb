"""Draws on a real Valkey and a real database: who enters, who gets a seat, and what the log proves of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.commands import enqueue_draw
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.domain.states import Status
from events.domain.times import to_ms
from events.ledger.queries import (
    AttendeeFilter,
    attendees_after,
    attendees_at,
    attendees_before,
    cursor_at,
    event_snapshot,
)
from events.models import Draw, DrawRank, Event, Registration
from events.secrets import tickets as service_tickets
from omnify.loader import LedgerLoader
from tests.support.in_process.codes import counted, give_codes, with_code
from tests.support.in_process.decision_log import check
from tests.support.in_process.drain import people, shown, statuses
from tests.support.in_process.draws import Enter, draw_now, drawer, entering, hold_draw, move_draw
from tests.support.in_process.events import ticket_type
from tests.support.in_process.gate import apply_for, kinds
from tests.support.in_process.holds import hold
from tests.support.in_process.positions import places
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


@pytest.fixture
def enter(make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis) -> Enter:
    return entering(make_event, admit, drain, redis_client)


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


def listed(event: Event) -> list[str]:
    """The waitlist as its organizer reads it, three a page, forwards and then backwards."""
    guests = AttendeeFilter(event.pk, Status.WAITLISTED, drawn=True)
    forwards = list(attendees_at(guests, offset=0, limit=3))
    while page := attendees_after(guests, after=cursor_at(guests, forwards[-1]), limit=3):
        forwards += page
    backwards = list(forwards[-1:])
    while page := attendees_before(guests, before=cursor_at(guests, backwards[0]), limit=3):
        backwards[:0] = page
    assert backwards == forwards
    return [row.ticket_key for row in forwards]


def test_the_waitlist_stands_as_it_was_drawn_and_later_guests_stand_behind_it(
    enter: Enter, admit: Admit, give_back: Any, drain: Drain, redis_client: redis.Redis, servers: Services
) -> None:
    event, _ = enter(9, max_capacity=2, waitlist_capacity=9)
    hold_draw(event, drain, redis_client)
    drawn = waiting(event)
    [late] = people(admit, event, 1, first=20)
    drain.run(event.pk)
    assert places(servers, event, *drawn, late) == list(range(1, 9))
    assert listed(event) == [*drawn, late]
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
