"""A master of a Cluster that dies, and its replica that is promoted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from events.admission.gate import Gate
from events.models import Registration
from omnify.common.redis_client import connect
from tests.support.in_process.cluster import Crowd, Reader, decided_once, draining, events_on_each_master, with_gate
from tests.support.valkey_cluster import ValkeyCluster, running_cluster, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def replicated_cluster() -> Iterator[ValkeyCluster]:
    with running_cluster(replicas=1, node_timeout_ms=1000) as cluster:
        yield cluster


def test_doors_drains_and_news_go_on_with_the_promoted_replica(replicated_cluster: ValkeyCluster) -> None:
    cluster = replicated_cluster
    with connect(cluster.url) as client:
        found = events_on_each_master(cluster, client, max_capacity=10_000)
        victim, events = cluster.masters[0], list(found.values())
        hit = found[victim.name].pk

        async def scene(gate: Gate) -> Crowd:
            crowd, reader = Crowd(gate), Reader(gate)
            await reader.follow(*events)
            await crowd.all_register(events, 20)
            # What a 202 without QUEUE_REPLICAS does not wait for.
            await asyncio.to_thread(victim.call, "WAIT", 1, 10_000)
            victim.kill()
            await crowd.all_register(events, 20)
            await reader.until(lambda: reader.subscriptions[hit] > 1)
            before = reader.changes[hit]
            await crowd.all_register(events, 1, at_once=1)
            await reader.until(lambda: reader.changes[hit] > before)
            await reader.close()
            return crowd

        with draining(client, events):
            crowd: Crowd = with_gate(cluster.url, scene)
            until(lambda: Registration.objects.count() == 3 * 41, "all are decided")
        assert crowd.refused > 0
        assert set(crowd.answers) == {"admitted"}
        assert all(decided_once(event, crowd.accepted[event.pk]) for event in events)
