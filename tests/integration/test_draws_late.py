"""Draws whose event ends while the turns are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.keys import event_keys
from events.domain.times import from_ms
from events.ledger.draw import steps
from events.models import DecisionLog, Event
from tests.support.in_process.decision_log import check
from tests.support.in_process.drain import Crash, crash_at, make_queue, people, statuses
from tests.support.in_process.draws import draw_now, drawer, hold_draw
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]


def end_now(event: Event, client: redis.Redis) -> None:
    """Ends an event behind all that was admitted, and before all that will be."""
    queue = make_queue(client)
    end_ms = queue.now_ms(event.pk) + 1
    times = {"start_time": from_ms(end_ms) - timedelta(minutes=1), "end_time": from_ms(end_ms)}
    Event.objects.filter(pk=event.pk).update(**times)
    while queue.now_ms(event.pk) < end_ms:
        pass


@pytest.mark.parametrize("logged", [True, False], ids=["with its log", "the log taken out by hand"])
def test_turns_are_judged_by_the_reveals_time_whichever_command_carries_them(
    make_event: Callable[..., Event],
    admit: Callable[..., Any],
    drain: Drain,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    logged: bool,
) -> None:
    monkeypatch.setattr(steps, "MOVES_AT_ONCE", 2)
    event = make_event(draw_at=timezone.now() + timedelta(hours=1), max_capacity=8)
    people(admit, event, 8)
    draw_now(event, redis_client)
    drain.run(event.pk)
    assert drawer(redis_client).once() == 1
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_publish", after=3)).run(event.pk)
    assert Counter(statuses(event)) == {"confirmed": 2, "entered": 6}
    redis_client.delete(event_keys(event.pk).queue)
    if not logged:
        DecisionLog.objects.filter(pk=event.pk).delete()
    end_now(event, redis_client)
    hold_draw(event, drain, redis_client)
    assert Counter(statuses(event)) == {"confirmed": 8}
    assert not logged or check(event).problem == ""
