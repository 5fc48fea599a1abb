"""Streams of events on a real Valkey: who is told what, when, and through how many connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.replies import AdmitReply
from events.domain.states import Status
from events.models import Event
from tests.support.in_process.door import Visitor
from tests.support.in_process.drain import outcome, publish, trim
from tests.support.in_process.stream import (
    SECONDS,
    Client,
    following,
    path_of,
    queued,
    run_once,
    scene_with,
    subscriptions,
    until,
)
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def test_a_stream_tells_each_status_and_ends_with_the_last(
    make_event: Make, admit: Admit, queue: Queue, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    [key] = queued(admit, event)

    async def scene(visitor: Visitor) -> None:
        client = Client(visitor, path_of(event, key) + "/events")
        await until(lambda: client.statuses == ["queued"])
        assert client.status == 200
        assert client.headers["content-type"] == "text/event-stream"
        assert client.headers["cache-control"] == "no-store"
        assert client.headers["x-accel-buffering"] == "no"
        assert client.body.startswith(b"retry: ")
        await following(redis_client, event)
        publish(queue, event, outcome(key, Status.WAITLISTED, 1), waitlisted=1)
        await until(lambda: client.statuses == ["queued", "waitlisted"])
        assert client.events[-1]["position"] == 1
        assert not client.ended
        publish(queue, event, outcome(key, Status.CONFIRMED, 1, revision=2), waitlisted=0)
        await until(lambda: client.ended)
        assert client.statuses == ["queued", "waitlisted", "confirmed"]
        _, headers, body = await visitor.ask("GET", path_of(event, key))
        assert client.events[-1] == body["data"]
        assert f"id: {headers['etag']}\n".encode() in client.body
        again = Client(visitor, path_of(event, key) + "/events")
        await until(lambda: again.ended)
        assert again.statuses == ["confirmed"]
        back = Client(visitor, path_of(event, key) + "/events", last_event_id=headers["etag"])
        assert await back.whole() is None
        assert back.status == 204

    scene_with(servers, scene)


def test_a_thousand_watchers_are_one_subscription_and_all_are_told(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=600)
    keys = queued(admit, event, 1000)

    async def scene(visitor: Visitor) -> None:
        clients = [Client(visitor, path_of(event, key) + "/events") for key in keys]
        await until(lambda: all(client.events for client in clients))
        await until(lambda: visitor.door.watchers == 1000)
        await following(redis_client, event)
        connections: Any = redis_client.client_list(_type="pubsub")
        assert len(connections) == 1
        await asyncio.to_thread(run_once, drain, event)
        await until(lambda: all(client.ended for client in clients))
        assert [client.statuses[-1] for client in clients] == ["confirmed"] * 600 + ["rejected"] * 400
        assert visitor.door.watchers == 0
        await until(lambda: subscriptions(redis_client, event) == 0)

    scene_with(servers, scene)


def test_places_in_line_move_while_nothing_else_happens(
    make_event: Make, admit: Admit, drain: Drain, queue: Queue, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    keys = queued(admit, event, 5)

    async def scene(visitor: Visitor) -> None:
        client = Client(visitor, path_of(event, keys[4]) + "/events")
        await until(lambda: client.events)
        await following(redis_client, event)
        for number in range(1, 5):
            head = queue.head(event.pk, count=1)
            publish(queue, event, outcome(keys[number - 1], Status.CONFIRMED, number), waitlisted=0)
            trim(queue, event, head)
            await until(lambda number=number: client.events[-1]["position"] == 5 - number)
        assert client.statuses == ["queued"] * 5
        client.hang_up()
        await client.task

    scene_with(servers, scene)


def test_a_client_that_disconnects_leaves_nothing_behind(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    keys = queued(admit, event, 30)

    async def scene(visitor: Visitor) -> None:
        streams = [Client(visitor, path_of(event, key) + "/events") for key in keys[:20]]
        polls = [Client(visitor, path_of(event, key), query="wait=30") for key in keys[20:]]
        await until(lambda: visitor.door.watchers == 30)
        await until(lambda: all(client.events for client in streams))
        # One of them does not read: it is in the middle of a send.
        for client in streams[:5]:
            client.reads.clear()
        redis_client.publish(event_keys(event.pk).news, keys[0])
        for client in (*streams, *polls):
            client.hang_up()
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*[client.task for client in (*streams, *polls)])
        assert visitor.door.watchers == 0
        await until(lambda: subscriptions(redis_client, event) == 0)

    scene_with(servers, scene)


def test_a_slow_reader_gets_the_latest_and_not_all_that_it_missed(
    make_event: Make, admit: Admit, queue: Queue, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    slow_key, key = queued(admit, event, 2)

    async def scene(visitor: Visitor) -> None:
        slow = Client(visitor, path_of(event, slow_key) + "/events")
        fast = Client(visitor, path_of(event, key) + "/events")
        await until(lambda: slow.events and fast.events)
        await following(redis_client, event)
        slow.reads.clear()
        publish(queue, event, outcome(slow_key, Status.WAITLISTED, 1), outcome(key, Status.WAITLISTED, 2), waitlisted=2)
        await until(lambda: fast.statuses[-1] == "waitlisted")
        publish(queue, event, outcome(slow_key, Status.CONFIRMED, 1, revision=2), waitlisted=1)
        publish(queue, event, outcome(slow_key, Status.CANCELLED, 1, revision=3), waitlisted=1)
        await until(lambda: fast.events[-1]["position"] == 1)
        slow.reads.set()
        await until(lambda: slow.ended)
        assert slow.statuses in (["queued", "waitlisted", "cancelled"], ["queued", "cancelled"])
        fast.hang_up()
        await fast.task

    scene_with(servers, scene)


def test_a_stream_of_no_ticket_is_a_404_and_a_head_gets_the_headers(
    make_event: Make, admit: Admit, servers: Services
) -> None:
    event = make_event()
    [key] = queued(admit, event)

    async def scene(visitor: Visitor) -> None:
        client = Client(visitor, "/registrations/made-up/events")
        assert (await client.whole())["code"] == "ticket_not_found"
        assert client.status == 404
        head = Client(visitor, path_of(event, key) + "/events", method="HEAD")
        assert await head.whole() is None
        assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
        assert visitor.door.watchers == 0

    scene_with(servers, scene)


def test_a_stopping_server_ends_every_stream(make_event: Make, admit: Admit, servers: Services) -> None:
    event = make_event()
    keys = queued(admit, event, 2)

    async def scene(visitor: Visitor) -> None:
        stream = Client(visitor, path_of(event, keys[0]) + "/events")
        poll = Client(visitor, path_of(event, keys[1]), query="wait=30")
        await until(lambda: visitor.door.watchers == 2 and stream.events)
        visitor.door.disconnect_watchers()
        assert (await poll.whole())["data"]["status"] == "queued"
        await until(lambda: stream.ended)
        late = Client(visitor, path_of(event, keys[0]) + "/events")
        await until(lambda: late.ended)
        assert late.statuses == ["queued"]

    scene_with(servers, scene)
