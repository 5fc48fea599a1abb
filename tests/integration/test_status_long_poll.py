"""Long polls on a real Valkey: which change ends one, and what their clients may ask for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from events.admission.queue import Queue
from events.admission.replies import AdmitReply
from events.domain.states import Status
from events.models import Event
from tests.support.in_process.door import Visitor
from tests.support.in_process.drain import outcome, publish, trim
from tests.support.in_process.events import tickets
from tests.support.in_process.stream import (
    Client,
    following,
    path_of,
    queued,
    scene_with,
    until,
)
from tests.support.servers import Services

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]

Admit = Callable[..., AdmitReply]


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
        trim(queue, event, head)
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
