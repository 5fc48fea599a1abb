"""Draws that wait for a round of a drand server, which has bad days: they take the round that was named, or none."""

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

from events.admission.keys import event_keys
from events.models import Draw, Event
from tests.support.in_process.decision_log import check
from tests.support.in_process.drain import people, statuses
from tests.support.in_process.draws import draw_now, drawer, hold_draw
from verify import omnify_verify
from worker import beacon
from worker.beacon import round_reader
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]


def test_a_draw_takes_the_round_that_was_named_and_waits_while_a_server_has_another_or_none(
    make_event: Callable[..., Event],
    admit: Callable[..., Any],
    drain: Drain,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.support.drand_server import MOODS, DrandServer, serving  # imports `py_ecc`, which takes a second

    drand = DrandServer()
    monkeypatch.setattr(beacon, "QUICKNET", drand.chain)
    monkeypatch.setattr(beacon, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(omnify_verify, "QUICKNET_KEY", drand.chain.public_key)
    with serving(drand) as url:
        monkeypatch.setattr(settings, "ENV", replace(settings.ENV, drand_url=url))
        event = make_event(draw_at=timezone.now() + timedelta(hours=1), max_capacity=1)
        people(admit, event, 4)
        draw_now(event, redis_client)
        hold_draw(event, drain, redis_client)
        number, reader = Draw.objects.get(event=event).round, drawer(redis_client, round_reader(url))
        assert number is not None
        redis_client.delete(event_keys(event.pk).draw)
        for drand.mood in MOODS[:-1]:
            assert reader.once() == 0, drand.mood
            drain.run(event.pk)
            event.refresh_from_db()
            assert (event.draw_state, Counter(statuses(event))) == ("sealed", {"entered": 4}), drand.mood
        drand.mood = "well"
        monkeypatch.setattr(beacon, "TIMEOUT_SECONDS", 60)
        assert reader.once() == 1
        drain.run(event.pk)
    assert set(drand.asked) == {f"/{drand.chain.name.hex()}/public/{number}"}
    assert Counter(statuses(event)) == {"confirmed": 1, "rejected": 3}
    assert bytes(Draw.objects.get(event=event).signature) == drand.sign(number)
    found = check(event)
    assert (found.problem, found.replay.draw and found.replay.draw.signed) == ("", True)
