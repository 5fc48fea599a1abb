"""The queue behind Sentinels: a master that dies, and a server that is no master any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from events.admission.gate import Gate
from events.models import Registration
from omnify.celery import app
from omnify.common.broker_url import read_broker_url
from omnify.common.redis_client import connect
from tests.support.in_process.cluster import Crowd, Reader, decided_once, draining, with_gate
from tests.support.in_process.events import open_event
from tests.support.sentinel_trio import SentinelTrio, running_trio, wait_for_replica
from tests.support.valkey_cluster import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trio() -> Iterator[SentinelTrio]:
    with running_trio() as trio:
        yield trio


@pytest.mark.soak(only=True)
def test_doors_drains_news_and_wake_ups_go_on_with_the_promoted_replica(trio: SentinelTrio) -> None:
    client = connect(trio.url)
    event = open_event(client, max_capacity=10_000)
    broker = read_broker_url(trio.broker_url)

    async def scene(gate: Gate) -> Crowd:
        crowd, reader = Crowd(gate), Reader(gate)
        await reader.follow(event)
        await crowd.all_register([event], 20)
        await asyncio.to_thread(wait_for_replica, trio.servers[0])
        trio.kill(0)
        await crowd.all_register([event], 20)
        await reader.until(lambda: reader.subscriptions[event.pk] > 1)
        before = reader.changes[event.pk]
        await crowd.all_register([event], 1, at_once=1)
        await reader.until(lambda: reader.changes[event.pk] > before)
        await reader.close()
        return crowd

    with app.connection_for_write(broker.url, transport_options=broker.options) as connection:
        messages = connection.SimpleQueue("wake-ups")
        messages.put("before the failover")
        messages.get(timeout=30).ack()
        with draining(client, [event]):
            crowd: Crowd = with_gate(trio.url, scene)
            until(lambda: Registration.objects.count() == 41, "all are decided")
    assert trio.master == 1
    with app.connection_for_write(broker.url, transport_options=broker.options) as connection:
        messages = connection.SimpleQueue("wake-ups")
        messages.put("after it")
        found = messages.get(timeout=30)
        found.ack()
        assert found.payload == "after it"
    assert crowd.refused > 0
    assert set(crowd.answers) == {"admitted"}
    assert decided_once(event, crowd.accepted[event.pk])
    client.close()
