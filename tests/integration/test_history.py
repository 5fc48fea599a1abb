"""The last hour of an event in steps: noted with each batch, once, and read by the organizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis

from events.admission.history import SPAN_SECONDS, STEP_SECONDS, last_steps
from events.admission.keys import event_keys
from events.models import Event
from tests.support.in_process.api import create, organizer
from tests.support.in_process.drain import Crash, crash_at, people
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


def total(client: redis.Redis, event: Event) -> dict[str, int]:
    """What all steps together say; a test may run over the end of one."""
    found: dict[str, int] = {"admitted": 0}
    for _, step in last_steps(client, event.pk):
        found["admitted"] += step.admitted
        for name, number in step.decided.items():
            found[name] = found.get(name, 0) + number
    return found


def test_each_batch_is_noted_once_with_what_was_admitted_and_decided(
    make_event: Make, admit: Any, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=9)
    people(admit, event, 5)
    replace(drain, batch=2).run(event.pk)
    people(admit, event, 2, first=20)
    for failpoint, more in (("drain.after_commit", 1), ("drain.after_publish", 3)):
        with pytest.raises(Crash):
            replace(drain, checkpoint=crash_at(failpoint)).run(event.pk)
        redis_client.delete(event_keys(event.pk).lease)
        people(admit, event, more, first=30 * more)
    drain.run(event.pk)
    assert total(redis_client, event) == {"admitted": 11, "confirmed": 9, "sold_out": 2}
    begins, last = last_steps(redis_client, event.pk)[-1]
    assert begins % STEP_SECONDS == 0
    assert (last.queued, last.confirmed, last.waitlisted) == (0, 9, 0)


def test_only_the_last_hour_is_read_and_kept_for_two(
    make_event: Make, admit: Any, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    people(admit, event, 1)
    drain.run(event.pk)
    [name] = [name for name in event_keys(event.pk).history if redis_client.exists(name)]
    now = redis_client.time()[0]
    redis_client.hset(
        name, str(now - SPAN_SECONDS - STEP_SECONDS), '{"admitted":1,"queued":0,"confirmed":1,"waitlisted":0}'
    )
    assert len(last_steps(redis_client, event.pk)) == 1
    assert 3600 < redis_client.ttl(name) <= 7200


def test_the_organizer_reads_the_steps_unless_they_are_not_wanted(admit: Any, drain: Drain) -> None:
    owner = organizer()
    event_id = create(owner)
    people(admit, Event.objects.get(pk=event_id), 3)
    drain.run(event_id)
    data = owner.get(f"/events/{event_id}/stats").json()["data"]
    assert (data["step_seconds"], sum(step["decided"]["confirmed"] for step in data["steps"])) == (10, 3)
    assert owner.get(f"/events/{event_id}/stats?steps=false").json()["data"]["steps"] == []
    assert owner.get(f"/events/{event_id}/stats?steps=no").json()["errors"] == {"steps": ["true or false."]}
