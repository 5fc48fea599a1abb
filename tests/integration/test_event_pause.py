"""A paused registration: what the door says, what goes on meanwhile, and who may pause."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.admission.snapshots import put_snapshot
from events.ledger.events import pause_event
from events.ledger.queries import event_snapshot
from events.models import Event
from events.services.publish_event import publish_after_commit
from tests.support.in_process.api import ANYONE, create, organizer
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import let_it_be_over
from tests.support.in_process.pages import Browser, browse
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


def pause(event: Event) -> None:
    pause_event(event, now=event.created_at)
    publish_after_commit(event)


@pytest.mark.usefixtures("both_ways")
def test_the_door_refuses_what_is_new_and_nothing_else(make_event: Make, servers: Services, drain: Drain) -> None:
    """From Redis alone. A known key, a poll and a cancellation are answered; what is queued is decided."""
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, headers, first = await visitor.register(event.pk, 1, idempotency_key="k1")
        await asyncio.to_thread(pause, event)
        status, refused, body = await visitor.register(event.pk, 2)
        assert (status, body["code"]) == (409, "registration_paused")
        assert 15 <= int(refused["retry-after"]) < 30
        again = await visitor.register(event.pk, 1, idempotency_key="k1")
        assert (again[0], again[2]["data"]["ticket_id"]) == (202, first["data"]["ticket_id"])
        url = headers["location"]
        assert (await visitor.ask("GET", url))[2]["data"]["status"] == "queued"
        await asyncio.to_thread(drain.run, event.pk)
        assert (await visitor.ask("GET", url))[2]["data"]["status"] == "confirmed"
        assert (await visitor.ask("DELETE", url))[0] == 202
        shown = (await visitor.ask("GET", f"/events/{event.pk}"))[2]["data"]
        assert (shown["registration_paused"], shown["registration_state"]) == (True, "open")

    visit(servers, scene)


def test_registration_stops_and_goes_on_at_once_and_twice_is_harmless(servers: Services) -> None:
    caller = organizer()
    event_id = create(caller)

    def outcome(number: int) -> int:
        async def register(visitor: Visitor) -> int:
            return (await visitor.register(event_id, number))[0]

        status: int = visit(servers, register)
        return status

    for number, (act, status) in enumerate((("pause", 409), ("pause", 409), ("resume", 202), ("resume", 202))):
        answer = caller.post(f"/events/{event_id}/{act}")
        assert (answer.status_code, answer.json()["data"]["registration_paused"]) == (200, act == "pause")
        assert outcome(number) == status
    assert Event.objects.get(pk=event_id).revision == 2


def test_a_copy_of_before_the_pause_that_comes_late_does_not_end_it(
    make_event: Make, redis_client: redis.Redis
) -> None:
    event = make_event()
    before = event_snapshot(event)
    pause(event)
    assert not put_snapshot(redis_client, before)
    assert redis_client.hget(event_keys(event.pk).state, "paused") == b"1"


@pytest.mark.parametrize("act", ["pause", "resume"])
def test_only_the_organizer_may_and_not_after_the_event(act: str) -> None:
    caller = organizer()
    event_id = create(caller)
    path = f"/events/{event_id}/{act}"
    assert ANYONE.post(path).status_code == 401
    assert organizer("other").post(path).status_code == 404
    let_it_be_over(Event.objects.get(pk=event_id))
    answer: Any = caller.post(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "event_over")


def test_the_page_tells_of_a_pause_and_a_form_sent_meanwhile_can_be_sent_again(
    make_event: Make, servers: Services
) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        before = await browser.get(f"/e/{event.pk}")
        assert 'id="paused" hidden' in before.text
        await asyncio.to_thread(pause, event)
        shown = await browser.get(f"/e/{event.pk}")
        assert 'id="paused">' in shown.text
        answer = await browser.fill_in(f"/e/{event.pk}", name="Guest 1", email="guest1@example.org", key=before.key)
        assert answer.status == 409
        assert answer.key == before.key
        assert "guest1@example.org" in answer.text
        assert "retry-after" in answer.headers

    browse(servers, scene)
