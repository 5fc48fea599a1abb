"""Much that the queue's server lacks of an event is published page by page, and counts only if all pages are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
import redis

from events.admission.queue import Queue
from events.models import Event
from events.services import republish
from events.services.republish import catch_up
from tests.support.in_process.drain import people
from tests.support.in_process.events import tickets
from tests.support.in_process.lag import LosesTheFirstPart, Memory, held, shown
from worker.drain import Drain, Drained

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., Any]


@pytest.fixture
def given_back(make_event: Make, admit: Admit, drain: Drain, give_back: Any, redis_client: redis.Redis) -> Event:
    """An event with seven cancellations, one after the other, that the server has lost."""
    event = make_event()
    keys = people(admit, event, 7)
    drain.run(event.pk)
    before = Memory(redis_client, event)
    for key in keys:
        give_back(event, key)
        drain.run(event.pk)
    before.bring_back()
    return event


class CountingQueue(Queue):
    """A queue that counts what each call publishes."""

    sizes: list[int]

    def publish(self, **given: Any) -> Any:
        self.sizes.append(len(given["outcomes"]))
        return super().publish(**given)

    def publish_part(self, **given: Any) -> str:
        self.sizes.append(len(given["outcomes"]))
        return super().publish_part(**given)


def test_much_that_is_missing_is_published_page_by_page(
    given_back: Event, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(republish, "PAGE", 2)
    queue = CountingQueue(redis_client)
    queue.sizes = []
    assert catch_up(queue, redis_client, [given_back.pk], digest=tickets.email_digest)
    assert queue.sizes == [2, 2, 2, 1]
    assert shown(redis_client, given_back) == held(given_back)


def test_pages_do_not_count_if_the_server_has_lost_the_first(
    given_back: Event, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(republish, "PAGE", 2)
    client = cast(redis.Redis, LosesTheFirstPart(redis_client, Memory(redis_client, given_back), b"|cancelled|"))
    assert not catch_up(Queue(client), redis_client, [given_back.pk], digest=tickets.email_digest)
    assert shown(redis_client, given_back) != held(given_back)
    assert catch_up(Queue(redis_client), redis_client, [given_back.pk], digest=tickets.email_digest)
    assert shown(redis_client, given_back) == held(given_back)


def test_much_that_is_missing_is_left_to_the_drain_that_has_the_lease(
    given_back: Event, queue: Queue, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once would hide each other's pages."""
    monkeypatch.setattr(republish, "PAGE", 2)
    lease = queue.lease(given_back.pk)
    assert lease is not None
    assert not catch_up(queue, redis_client, [given_back.pk], digest=tickets.email_digest)
    queue.release(lease)
    assert catch_up(queue, redis_client, [given_back.pk], digest=tickets.email_digest)


def test_a_drain_publishes_much_that_is_missing_before_it_locks_the_event(
    given_back: Event, admit: Admit, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.ledger.unpublished.MOST_UNPUBLISHED", 3)
    people(admit, given_back, 1, first=20)
    assert drain.run(given_back.pk) is Drained.MORE
    assert shown(redis_client, given_back) == held(given_back)
    assert drain.run(given_back.pk) is Drained.IDLE
    assert shown(redis_client, given_back) == held(given_back)
