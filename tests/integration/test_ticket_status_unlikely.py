"""When a queued ticket is told that a seat is unlikely: never without reason, and as soon as it is certain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import redis
from django.utils import timezone
from msgspec import structs

from events.admission.commands import enqueue_resize
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.admission.requests import More
from events.admission.snapshots import put_snapshot
from events.admission.status_replies import Queued
from events.domain.states import DrawState
from events.domain.times import to_ms
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from tests.support.in_process.door import Visitor
from tests.support.in_process.drain import people
from tests.support.in_process.events import ticket_type, tickets
from tests.support.in_process.gate import apply_for, with_gate
from tests.support.in_process.pages import Browser, browse
from tests.support.in_process.stream import Client, following, path_of, scene_with, subscriptions, until
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def told(servers: Services, event: Event, keys: Sequence[str]) -> list[bool]:
    """Which of these queued tickets are told so, in their order."""
    reply = with_gate(servers, lambda gate: gate.statuses(event.pk, keys))
    found = []
    for answer in reply.answers:
        assert isinstance(answer, Queued)
        found.append(answer.unlikely)
    return found


def set_copy(client: redis.Redis, event: Event, **fields: int) -> None:
    client.hset(event_keys(event.pk).state, mapping={name: str(value) for name, value in fields.items()})


def confirm_some(event: Event, client: redis.Redis, **fields: Any) -> None:
    """As if a drain had decided, and published it."""
    now = timezone.now()
    Event.objects.filter(pk=event.pk).update(decided_at=now, version=event.version + 5, **fields)
    put_snapshot(client, event_snapshot(Event.objects.get(pk=event.pk)))
    set_copy(client, event, shown=to_ms(now))


def test_those_before_whom_enough_stand_in_line_are_told(make_event: Make, admit: Admit, servers: Services) -> None:
    event = make_event(max_capacity=3)
    keys = people(admit, event, 6)
    assert told(servers, event, keys) == [False, False, False, True, True, True]


def test_what_is_confirmed_and_held_counts(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=5)
    keys = people(admit, event, 5)
    confirm_some(event, redis_client, confirmed_count=2, held_count=1)
    assert told(servers, event, keys) == [False, False, True, True, True]


def test_a_seat_for_which_others_wait_is_none(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=5, waitlist_capacity=5, max_quantity=3)
    keys = people(admit, event, 1)
    confirm_some(event, redis_client, confirmed_count=4, waitlisted_count=2, waitlisted_companions=1, head_quantity=2)
    assert told(servers, event, keys) == [True]


def test_counts_that_are_ahead_of_the_outcomes_say_nothing(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=4)
    keys = people(admit, event, 4)
    confirm_some(event, redis_client, confirmed_count=2)
    assert told(servers, event, keys) == [False, False, True, True]
    # These two are among those in line, until their outcomes are published.
    set_copy(redis_client, event, shown=1)
    assert told(servers, event, keys) == [False] * 4


def test_a_group_before_a_ticket_may_be_turned_away_so_it_counts_for_nothing(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=2, max_quantity=4)
    keys = people(admit, event, 4)
    assert told(servers, event, keys) == [False] * 4
    confirm_some(event, redis_client, confirmed_count=2)
    assert told(servers, event, keys) == [True] * 4


def test_commands_in_line_are_no_guests(
    make_event: Make, admit: Admit, servers: Services, give_back: Callable[..., Any]
) -> None:
    event = make_event(max_capacity=3)
    first = people(admit, event, 1)
    give_back(event, *first)
    later = people(admit, event, 3, first=5)
    # One gives its place back: whether the last gets a seat is not certain, so nothing is said.
    assert told(servers, event, later) == [False, False, False]
    more = people(admit, event, 2, first=9)
    assert told(servers, event, more)[-1] is True


def test_a_draw_and_a_pause_say_nothing(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1)
    keys = people(admit, event, 3)
    assert told(servers, event, keys) == [False, True, True]
    copied = event_snapshot(event)
    paused = replace(copied, version=copied.version + 5, paused=True)
    drawn = replace(paused, version=copied.version + 6, paused=False, draw_state=DrawState.OPEN, draw_ms=copied.end_ms)
    for snapshot in (paused, drawn):
        put_snapshot(redis_client, snapshot)
        assert told(servers, event, keys) == [False] * 3


def test_new_sizes_in_line_may_be_seats_for_all_behind_them(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(max_capacity=1)
    keys = people(admit, event, 2)
    assert told(servers, event, keys) == [False, True]
    enqueue_resize(redis_client, event_snapshot(event), key=tickets.mint(), max_capacity=9)
    keys += people(admit, event, 6, first=3)
    assert told(servers, event, keys) == [False] * 8
    drain.run(event.pk)
    assert Registration.objects.filter(event=event, status="confirmed").count() == 7
    later = people(admit, event, 3, first=20)
    assert told(servers, event, later) == [False, False, True]


def test_an_event_copied_by_an_earlier_release_says_nothing(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1)
    keys = people(admit, event, 3)
    assert told(servers, event, keys) == [False, True, True]
    set_copy(redis_client, event, version=event.version + 1)
    assert told(servers, event, keys) == [False] * 3
    redis_client.hdel(event_keys(event.pk).state, "line")
    assert told(servers, event, keys) == [False] * 3


def test_of_several_types_only_the_own_one_counts(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    types = [ticket_type("Balcony", 1), ticket_type("Stalls", 2)]
    event = make_event(ticket_types=types)
    first, second = (found.pk for found in event.ticket_types.order_by("rank"))
    kinds = (first, second, first)
    asked = [structs.replace(apply_for(number), more=More(type_id=kind)) for number, kind in enumerate(kinds)]
    admit(event.pk, asked)
    keys = [one.key for one in asked]
    assert told(servers, event, keys) == [False] * 3
    event.ticket_types.filter(pk=first).update(confirmed_count=1)
    confirm_some(event, redis_client, confirmed_count=1)
    assert told(servers, event, keys) == [True, False, True]


def test_none_of_those_told_so_gets_a_seat(make_event: Make, admit: Admit, servers: Services, drain: Drain) -> None:
    event = make_event(max_capacity=7, waitlist_capacity=2)
    keys = people(admit, event, 12)
    marked = dict(zip(keys, told(servers, event, keys), strict=True))
    drain.run(event.pk)
    seated = set(Registration.objects.filter(event=event, status="confirmed").values_list("ticket_key", flat=True))
    assert {key for key, unlikely in marked.items() if not unlikely} == seated


def test_a_poll_a_stream_and_the_page_say_it(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1)
    first, second = (path_of(event, key) for key in people(admit, event, 2))

    async def scene(visitor: Visitor) -> None:
        shown = [(await visitor.ask("GET", path))[2]["data"] for path in (first, second)]
        assert [data.get("unlikely") for data in shown] == [None, True]
        stream = Client(visitor, f"{second}/events")
        await until(lambda: stream.events)
        await following(redis_client, event)
        assert stream.events[0]["unlikely"] is True
        stream.hang_up()
        await stream.task
        await until(lambda: subscriptions(redis_client, event) == 0)

    scene_with(servers, scene)

    async def pages(browser: Browser) -> None:
        paths = [f"/t/{path.rpartition('/')[2]}" for path in (first, second)]
        texts = [(await browser.get(path)).text for path in paths]
        assert ['id="unlikely" hidden' in text for text in texts] == [True, False]

    browse(servers, pages)
