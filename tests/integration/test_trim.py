"""What is removed from an event's queue with its decisions, and what stays there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.models import Event
from tests.support.in_process.drain import people, trim

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., Any]


@pytest.mark.parametrize("last", ["registration", "cancellation"])
def test_all_entries_up_to_the_last_one_go_and_those_behind_it_stay(
    last: str, make_event: Make, admit: Admit, give_back: Any, queue: Queue, redis_client: redis.Redis
) -> None:
    event = make_event()
    first, *_ = people(admit, event, 2)
    give_back(event, first)
    if last == "registration":
        people(admit, event, 1, first=5)
    entries = queue.head(event.pk, count=10)
    people(admit, event, 1, first=9)
    assert trim(queue, event, entries) == 1
    assert redis_client.hlen(event_keys(event.pk).pending) == 2


def test_entries_that_are_still_there_go_though_the_last_one_belongs_to_another_since_a_rewind(
    make_event: Make, admit: Admit, give_back: Any, queue: Queue, redis_client: redis.Redis
) -> None:
    event = make_event()
    keys = people(admit, event, 3)
    give_back(event, keys[0])
    entries = queue.head(event.pk, count=10)
    name = event_keys(event.pk).queue
    kept: Any = redis_client.xrange(name)
    redis_client.delete(name)
    for number, (_, fields) in enumerate(kept[:3], start=1):
        redis_client.xadd(name, fields, id=f"{number}-0")
    redis_client.xadd(name, {"t": "Q" * 20, "r": "1", "p": "[]"}, id="4-0")
    assert trim(queue, event, entries) == 1
    [(left, _)] = redis_client.xrange(name)  # type: ignore[misc]
    assert left == b"4-0"


def test_a_later_ticket_under_the_same_email_keeps_its_note(
    make_event: Make, admit: Admit, queue: Queue, redis_client: redis.Redis
) -> None:
    event = make_event()
    people(admit, event, 1)
    [entry] = queue.head(event.pk, count=10)
    redis_client.hset(event_keys(event.pk).pending, f"e{entry.email_digest}", "7")
    trim(queue, event, [entry])
    assert redis_client.hgetall(event_keys(event.pk).pending) == {f"e{entry.email_digest}".encode(): b"7"}
