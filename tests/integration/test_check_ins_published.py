"""A check-in is seen at once at the door, and later too if Redis was not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.ledger.check_in import CheckInResult
from events.models import Event, Registration
from events.services.republish import republish
from tests.support.in_process.check_ins import give_back, let_in, path, shown, take_back
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.drain import Crash, crash_at, make_queue, people
from tests.support.in_process.events import tickets
from tests.support.in_process.outages import redis_out_of_reach
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]

Admit = Callable[..., Any]


def test_the_door_shows_a_check_in_and_its_undoing_at_once(
    make_event: Make, admit: Admit, drain: Drain, servers: Services
) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)

    async def scene(visitor: Visitor) -> list[tuple[str, Any]]:
        _, headers, answer = await visitor.ask("GET", path(event, key))
        return [(headers["etag"], answer["data"]["checked_in_at"])]

    [(before, checked_in)] = visit(servers, scene)
    let_in(event, key)
    [(inside, moment)] = visit(servers, scene)
    row = Registration.objects.get(event=event)
    assert row.checked_in_at and moment == row.checked_in_at.isoformat(timespec="milliseconds")
    assert take_back(event, key) is CheckInResult.UNDONE
    assert visit(servers, scene) == [(before, checked_in)]
    assert len({before, inside}) == 2
    assert take_back(event, key) is CheckInResult.NOT_IN
    assert let_in(event, key) is CheckInResult.ADMITTED
    event.refresh_from_db()
    assert event.checked_in_count == 1


def test_a_check_in_that_redis_was_not_shown_is_shown_by_the_sweep(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    with redis_out_of_reach():
        assert let_in(event, key) is CheckInResult.ADMITTED
    assert shown(servers, event, key) is None
    assert republish(make_queue(redis_client), redis_client, [event.pk], digest=tickets.email_digest) == 1
    assert shown(servers, event, key) is not None
    assert republish(make_queue(redis_client), redis_client, [event.pk], digest=tickets.email_digest) == 0


def test_a_check_in_hides_no_decision_that_a_dead_drain_has_not_shown(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    """The drain dies between commit and publish; then a check-in is published whose moment is later."""
    event = make_event(max_capacity=2, waitlist_capacity=1)
    keys = people(admit, event, 3)
    drain.run(event.pk)
    give_back(servers, event, keys[0])
    with pytest.raises(Crash):
        replace(drain, checkpoint=crash_at("drain.after_commit")).run(event.pk)
    let_in(event, keys[1])
    assert shown(servers, event, keys[1]) is not None
    redis_client.delete(event_keys(event.pk).queue)  # nothing names the one who moved up
    assert republish(make_queue(redis_client), redis_client, [event.pk], digest=tickets.email_digest) == 1

    async def scene(visitor: Visitor) -> list[str]:
        return [(await visitor.ask("GET", path(event, key)))[2]["data"]["status"] for key in keys]

    assert visit(servers, scene) == ["cancelled", "confirmed", "confirmed"]
