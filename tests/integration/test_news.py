"""News of decisions reach streams whatever happens to them: a lost subscription, a lost ticket, old news."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from events.admission.keys import event_keys
from events.admission.lost import move_to_lost, orphans
from events.admission.queue import Queue
from events.admission.replies import AdmitReply
from events.domain.outcome import Outcome
from events.domain.states import Status
from events.models import Event
from omnify.loader import LedgerLoader
from tests.support.in_process.door import Visitor
from tests.support.in_process.drain import outcome, publish
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
            # In one go, so that no client can subscribe in between.
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
