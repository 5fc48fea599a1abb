"""An event that Redis knows and the ledger does not: its door closes at once, its tickets are lost after a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.admission.errors import EventNotLoaded
from events.admission.keys import UNKNOWN_TTL_SECONDS, event_keys
from events.admission.orphans import events_in_redis
from events.admission.queue import Queue
from events.models import Event, Registration
from omnify.common import metrics
from tests.support.in_process.drain import answer_for, people
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kind
from tests.support.servers import Services
from worker.drain import Drain
from worker.orphans import PATIENCE_SECONDS
from worker.sweep import Sweep

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., Any]


@pytest.fixture
def sweep_fully(redis_client: redis.Redis, queue: Queue) -> Callable[[], int]:
    """Sweeps as a worker does that has just started."""

    def sweep() -> int:
        parts = {"client": redis_client, "queue": queue, "digest": tickets.email_digest}
        return Sweep(**parts, wake=lambda event_id: None, worker="tests").once()

    return sweep


@pytest.fixture
def orphan(make_event: Make, admit: Admit, drain: Drain) -> tuple[Event, list[str]]:
    """An event that the ledger has lost, and its tickets: two are decided, two queued."""
    event = make_event()
    decided = people(admit, event, 2)
    drain.run(event.pk)
    queued = people(admit, event, 2, first=2)
    Registration.objects.filter(event=event).delete()
    Event.objects.filter(pk=event.pk).delete()
    return event, [*decided, *queued]


def let_time_pass(client: redis.Redis, event: Event, seconds: int) -> None:
    client.expire(event_keys(event.pk).unknown, UNKNOWN_TTL_SECONDS - seconds)


def test_the_door_closes_at_once_and_the_tickets_are_lost_after_a_while(
    orphan: tuple[Event, list[str]],
    make_event: Make,
    admit: Admit,
    sweep_fully: Callable[[], int],
    servers: Services,
    redis_client: redis.Redis,
) -> None:
    event, keys = orphan
    other = make_event()
    [waiting] = people(admit, other, 1, first=7)
    counted = metrics.ORPHANS._value.get()
    for seconds in (PATIENCE_SECONDS - 30, PATIENCE_SECONDS + 1):
        sweep_fully()
        with pytest.raises(EventNotLoaded):
            admit(event.pk, [apply_for(9)])
        assert [kind(answer_for(servers, event, key)) for key in keys] == ["decided"] * 2 + ["queued"] * 2
        let_time_pass(redis_client, event, seconds)
    assert metrics.ORPHANS._value.get() == counted + 1
    sweep_fully()
    assert [kind(answer_for(servers, event, key)) for key in keys] == ["unknown"] * 4
    lost = event_keys(event.pk).lost
    assert set(redis_client.hkeys(lost)) == {key.encode() for key in keys}
    assert list(redis_client.scan_iter(f"{{event:{event.pk}}}:*")) == [lost.encode()]
    assert kind(answer_for(servers, other, waiting)) == "queued"


def test_nothing_is_ended_while_the_ledger_is_empty(
    orphan: tuple[Event, list[str]], sweep_fully: Callable[[], int], redis_client: redis.Redis
) -> None:
    """Another database than before, or a backup that is on its way in."""
    keys = event_keys(orphan[0].pk)
    sweep_fully()
    assert redis_client.exists(keys.state, keys.queue) == 2
    assert not redis_client.exists(keys.unknown)


def test_an_event_that_comes_back_in_time_loses_nothing(
    make_event: Make, admit: Admit, drain: Drain, sweep_fully: Callable[[], int], redis_client: redis.Redis
) -> None:
    event, _ = make_event(), make_event()
    people(admit, event, 2)
    Event.objects.filter(pk=event.pk).delete()
    sweep_fully()
    assert redis_client.exists(event_keys(event.pk).unknown)
    event.save(force_insert=True)
    let_time_pass(redis_client, event, PATIENCE_SECONDS + 1)
    sweep_fully()
    drain.run(event.pk)
    assert Registration.objects.filter(event=event).count() == 2


def test_every_event_that_redis_has_something_of_is_found_once(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.admission.orphans._AT_ONCE", 1)
    whole, decided, queued, gone = make_event(), make_event(), make_event(), make_event()
    for event in (whole, decided, queued):
        people(admit, event, 2)
    for event in (whole, decided):
        drain.run(event.pk)
    people(admit, whole, 1, first=5)
    redis_client.delete(*(event_keys(event.pk).state for event in (decided, queued, gone)))
    redis_client.set(event_keys(gone.pk).unknown, "1", ex=60)
    assert sorted(list(chunk) for chunk in events_in_redis(redis_client)) == [[e.pk] for e in (whole, decided, queued)]
