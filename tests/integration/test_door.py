"""The door as an ASGI application on a real Valkey: what it answers, and that it does so without the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.db import connections

from events.admission.keys import event_keys
from events.models import Event
from omnify.loader import LedgerLoader
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import open_event
from tests.support.in_process.metrics import lost_tickets
from tests.support.servers import Services
from worker.drain import Drain
from worker.repair import mark_lost

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("both_ways")]

Make = Callable[..., Event]


def test_the_door_needs_no_database(make_event: Make, servers: Services, drain: Drain) -> None:
    """Every query of this process fails while the hot routes are asked."""
    event = make_event()

    def refuse(*args: Any) -> Any:
        raise AssertionError("the door queried the database")

    async def scene(visitor: Visitor) -> None:
        status, headers, body = await visitor.register(event.pk, 1)
        assert status == 202
        assert headers["location"] == body["data"]["status_url"]
        assert (await visitor.ask("GET", headers["location"]))[2]["data"]["status"] == "queued"
        assert (await visitor.ask("GET", f"/events/{event.pk}"))[2]["data"]["seats_left"] == 10
        assert (await visitor.ask("GET", "/registrations/made-up"))[0] == 404
        assert visitor.woken == [event.pk]
        assert (await visitor.ask("GET", "/health/live"))[2]["data"] == {"status": "alive"}
        assert (await visitor.ask("GET", "/health/door"))[2]["data"] == {"status": "open"}

    with connections["default"].execute_wrapper(refuse):
        visit(servers, scene)


def test_a_ticket_goes_from_queued_to_confirmed_and_keeps_its_place(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        for number in range(3):
            status, headers, body = await visitor.register(event.pk, number)
            assert status == 202
            assert set(body["data"]) == {"ticket_id", "event_id", "status", "position", "status_url", "requested_at"}
            assert body["data"]["position"] == number + 1
            assert int(headers["retry-after"]) >= 1
        url = headers["location"]
        _, headers, body = await visitor.ask("GET", url)
        assert (body["data"]["status"], body["data"]["position"], body["data"]["sequence"]) == ("queued", 3, 3)
        assert body["data"]["estimated_seconds"] > 0
        assert int(headers["retry-after"]) >= 1
        await asyncio.to_thread(drain.run, event.pk)
        status, headers, body = await visitor.ask("GET", url)
        assert (body["data"]["status"], body["data"]["position"], body["data"]["sequence"]) == ("confirmed", None, 3)
        assert "retry-after" not in headers
        status, _, body = await visitor.ask("GET", url, if_none_match=headers["etag"])
        assert (status, body) == (304, None)
        assert (await visitor.ask("GET", url, if_none_match='"other"'))[0] == 200

    visit(servers, scene)


def test_a_retry_gets_its_ticket_again_and_another_body_is_refused(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, _, first = await visitor.register(event.pk, 1, idempotency_key="a")
        status, _, again = await visitor.register(event.pk, 1, idempotency_key="a")
        assert (status, again["data"]["ticket_id"]) == (202, first["data"]["ticket_id"])
        status, _, other = await visitor.register(event.pk, 2, idempotency_key="a")
        assert (status, other["code"]) == (422, "idempotency_key_reused")
        await asyncio.to_thread(drain.run, event.pk)
        status, _, later = await visitor.register(event.pk, 1, idempotency_key="a")
        assert (status, later["data"]["status"]) == (202, "confirmed")
        assert later["data"]["ticket_id"] == first["data"]["ticket_id"]

    visit(servers, scene)


def test_what_redis_does_not_know_comes_from_the_ledger(
    make_event: Make, servers: Services, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, headers, _ = await visitor.register(event.pk, 1)
        await asyncio.to_thread(drain.run, event.pk)
        redis_client.flushall()
        assert (await visitor.ask("GET", headers["location"]))[2]["data"]["status"] == "confirmed"
        assert (await visitor.ask("GET", f"/events/{event.pk}"))[2]["data"]["confirmed_count"] == 1
        assert (await visitor.register(event.pk, 2))[0] == 202
        assert (await visitor.register(event.pk + 1000, 2))[2]["code"] == "event_not_found"

    visit(servers, scene, loader=LedgerLoader(redis_client))


def test_a_ticket_whose_entry_vanished_says_lost_and_its_holder_may_come_again(
    make_event: Make, servers: Services, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        _, headers, _ = await visitor.register(event.pk, 1)
        redis_client.delete(event_keys(event.pk).queue)
        _, _, body = await visitor.ask("GET", headers["location"])
        assert (body["data"]["status"], body["data"]["sequence"]) == ("lost", 1)
        assert await asyncio.to_thread(mark_lost, redis_client, event.pk) == 0, "it is known already"
        status, again, _ = await visitor.register(event.pk, 1)
        assert status == 202
        await asyncio.to_thread(drain.run, event.pk)
        assert (await visitor.ask("GET", again["location"]))[2]["data"]["status"] == "confirmed"
        assert (await visitor.ask("GET", headers["location"]))[2]["data"]["status"] == "lost"

    before = lost_tickets("asked"), lost_tickets("sweep")
    visit(servers, scene, loader=LedgerLoader(redis_client))
    assert (lost_tickets("asked"), lost_tickets("sweep")) == (before[0] + 1, before[1])


def test_a_flood_of_unknown_ids_is_a_few_queries(
    servers: Services, redis_client: redis.Redis, make_event: Make
) -> None:
    make_event(load=False)
    queries: list[str] = []
    loader = LedgerLoader(redis_client)
    find = loader._off_loop

    async def counted(work: Callable[[], Any]) -> Any:
        queries.append("one")
        return await find(work)

    loader._off_loop = counted  # type: ignore[method-assign]

    async def scene(visitor: Visitor) -> None:
        unknown = range(10_000, 10_100)
        for _ in range(2):
            replies = await asyncio.gather(*[visitor.ask("GET", f"/events/{n}") for n in unknown])
            assert {reply[0] for reply in replies} == {404}

    visit(servers, scene, loader=loader)
    assert len(queries) <= 20


def test_an_event_made_after_a_request_for_it_is_there_at_once(
    servers: Services, redis_client: redis.Redis, make_event: Make
) -> None:
    async def scene(visitor: Visitor) -> None:
        first = await asyncio.to_thread(open_event, redis_client)
        next_id = first.pk + 1
        assert (await visitor.ask("GET", f"/events/{next_id}"))[0] == 404
        assert (await asyncio.to_thread(open_event, redis_client)).pk == next_id
        assert (await visitor.ask("GET", f"/events/{next_id}"))[0] == 200

    visit(servers, scene, loader=LedgerLoader(redis_client))


def test_both_sides_of_the_service_render_an_event_alike(make_event: Make, servers: Services, client: Any) -> None:
    event = make_event(name="Übung “1”", max_capacity=3)

    async def scene(visitor: Visitor) -> Any:
        return (await visitor.ask("GET", f"/events/{event.pk}"))[2]["data"]

    [listed] = [e for e in client.get("/events?page_size=100").json()["data"]["results"] if e["id"] == event.pk]
    # Lists leave the description out, which may be long.
    assert visit(servers, scene) == {**listed, "description": ""}
