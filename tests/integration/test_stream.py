"""Streams of events and long polls on a real Valkey: who is told what, when, and through how many connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis
from django.db import connection

from events.admission.keys import event_keys
from events.admission.lost import move_to_lost, orphans
from events.admission.queue import Queue
from events.admission.replies import AdmitReply
from events.domain.outcome import Outcome
from events.domain.states import Status
from events.models import Event
from omnify.loader import LedgerLoader
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.drain import outcome, publish
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]
SECONDS = 20.0


class Client:
    """One client of the door, which may hang up, and may stop reading."""

    def __init__(self, visitor: Visitor, path: str, *, query: str = "", method: str = "GET", **headers: str) -> None:
        self._visitor = visitor
        self._scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }
        self._asked = False
        self._gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = False
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        await self._visitor.door(self._scope, self._receive, self._send)

    async def _receive(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        await self.reads.wait()
        self.body += message["body"]
        self.ended = not message.get("more_body")

    def hang_up(self) -> None:
        self._gone.set()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The tickets that came as events so far."""
        lines = self.body.decode().splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]

    @property
    def statuses(self) -> list[str]:
        return [event["status"] for event in self.events]

    async def whole(self) -> Any:
        """The answer, once it is there."""
        await until(lambda: self.ended)
        await self.task
        return json.loads(self.body) if self.body else None


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def closing(visitor: Visitor) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await visitor.door.close()


def scene_with(servers: Services, scene: Callable[[Visitor], Awaitable[None]], *, loader: Any = None) -> None:
    async def run(visitor: Visitor) -> None:
        async with closing(visitor):
            await scene(visitor)

    visit(servers, run, loader=loader)


def path_of(event: Event, key: str) -> str:
    return f"/registrations/{tickets.ticket_id(event_id=event.pk, key=key)}"


def queued(admit: Admit, event: Event, count: int = 1) -> list[str]:
    """Keys of guests who wait for their turn."""
    applications = [apply_for(f"{event.pk}-{n}") for n in range(count)]
    admit(event.pk, applications)
    return [application.key for application in applications]


def run_once(drain: Drain, event: Event) -> None:
    """A drain in a thread, which takes its database connection with it."""
    drain.run(event.pk)
    connection.close()


def subscriptions(client: redis.Redis, event: Event) -> int:
    [(_, count)] = client.pubsub_numsub(event_keys(event.pk).news)
    return int(count)


async def following(client: redis.Redis, event: Event) -> None:
    await until(lambda: subscriptions(client, event) == 1)


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
            queue.trim(event.pk, head)
            await until(lambda number=number: client.events[-1]["position"] == 5 - number)
        assert client.statuses == ["queued"] * 5
        client.hang_up()
        await client.task

    scene_with(servers, scene)


def test_whoever_hangs_up_leaves_nothing_behind(
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


def test_no_change_is_missed_while_the_subscription_is_down(
    make_event: Make, admit: Admit, queue: Queue, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    keys = queued(admit, event, 20)

    async def scene(visitor: Visitor) -> None:
        clients = [Client(visitor, path_of(event, key) + "/events") for key in keys]
        await until(lambda: all(client.events for client in clients))
        for number, key in enumerate(keys, start=1):
            await following(redis_client, event)
            # In one go, so that nobody can be subscribed in between.
            with redis_client.pipeline() as pipe:
                pipe.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                pipe.execute()
            publish(queue, event, outcome(key, Status.CONFIRMED, number), waitlisted=0)
            await until(lambda number=number: clients[number - 1].ended)
        assert [client.statuses[-1] for client in clients] == ["confirmed"] * 20

    scene_with(servers, scene)


def test_a_lost_ticket_ends_its_stream(
    make_event: Make, admit: Admit, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    keys = queued(admit, event, 2)
    queue = event_keys(event.pk).queue

    async def scene(visitor: Visitor) -> None:
        clients = [Client(visitor, path_of(event, key) + "/events") for key in keys]
        await until(lambda: all(client.events for client in clients))
        await following(redis_client, event)
        for number, client in enumerate(clients, start=1):
            assert not client.ended
            redis_client.xtrim(queue, minid=f"{number + 1}-0", approximate=False)
            move_to_lost(redis_client, event.pk, list(orphans(redis_client, event.pk)))
            await until(lambda client=client: client.ended)
            assert client.statuses[-1] == "lost"

    scene_with(servers, scene, loader=LedgerLoader(redis_client))


def test_a_long_poll_ends_with_the_status_and_not_with_a_step_in_line(
    make_event: Make, admit: Admit, queue: Queue, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    keys = queued(admit, event, 2)

    async def scene(visitor: Visitor) -> None:
        poll = Client(visitor, path_of(event, keys[1]), query="wait=30")
        stream = Client(visitor, path_of(event, keys[1]) + "/events")
        await until(lambda: stream.events)
        await following(redis_client, event)
        head = queue.head(event.pk, count=1)
        publish(queue, event, outcome(keys[0], Status.CONFIRMED, 1), waitlisted=0)
        queue.trim(event.pk, head)
        await until(lambda: [e["position"] for e in stream.events] == [2, 1])
        assert not poll.task.done()
        publish(queue, event, outcome(keys[1], Status.CONFIRMED, 2), waitlisted=0)
        assert (await poll.whole())["data"]["status"] == "confirmed"
        # Terminal: at once.
        assert (await Client(visitor, path_of(event, keys[1]), query="wait=30").whole())["data"][
            "status"
        ] == "confirmed"

    scene_with(servers, scene)


def test_a_long_poll_knows_from_the_tag_what_its_client_has_seen(
    make_event: Make, admit: Admit, queue: Queue, servers: Services
) -> None:
    event = make_event()
    [key] = queued(admit, event)
    path = path_of(event, key)

    async def scene(visitor: Visitor) -> None:
        _, headers, _ = await visitor.ask("GET", path)
        tag = headers["etag"]
        unchanged = Client(visitor, path, query="wait=1", if_none_match=tag)
        assert await unchanged.whole() is None
        assert (unchanged.status, unchanged.headers["etag"]) == (304, tag)
        assert int(unchanged.headers["retry-after"]) >= 1
        publish(queue, event, outcome(key, Status.WAITLISTED, 1), waitlisted=1)
        # It has missed a change: waiting for the next one would be wrong.
        missed = Client(visitor, path, query="wait=30", if_none_match=tag)
        assert (await missed.whole())["data"]["status"] == "waitlisted"
        assert missed.headers["etag"].startswith('"w-')
        # Another place, the same status: it goes on waiting.
        step = Client(visitor, path, query="wait=1", if_none_match='"w-0000000000000000"')
        assert (await step.whole())["data"]["position"] == 1

    scene_with(servers, scene)


@pytest.mark.parametrize("query", ["wait=0", "wait=31", "wait=-1", "wait=1.5", "wait=", "wait=x", "wait=1&wait=2"])
def test_a_wait_that_is_no_number_of_seconds_is_refused(make_event: Make, servers: Services, query: str) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        client = Client(visitor, path_of(event, tickets.mint()), query=query)
        body = await client.whole()
        assert (client.status, body["code"], list(body["errors"])) == (400, "invalid", ["wait"])

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


def test_a_stopping_server_lets_everybody_go(make_event: Make, admit: Admit, servers: Services) -> None:
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


def test_news_of_an_old_decision_turn_no_stream_back(
    make_event: Make, admit: Admit, queue: Queue, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    [key] = queued(admit, event)
    early: list[Outcome] = [outcome(key, Status.WAITLISTED, 1)]

    async def scene(visitor: Visitor) -> None:
        client = Client(visitor, path_of(event, key) + "/events")
        await until(lambda: client.events)
        await following(redis_client, event)
        publish(queue, event, outcome(key, Status.CONFIRMED, 1, revision=2), waitlisted=0)
        publish(queue, event, *early, waitlisted=0)
        await until(lambda: client.ended)
        assert client.statuses == ["queued", "confirmed"]

    scene_with(servers, scene)
