"""A master of a Cluster that dies, and its replica that is promoted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.open_gate import open_gate
from events.models import Event, Registration
from omnify.common.redis_client import connect
from tests.support.cluster_nodes import sockets_to
from tests.support.in_process.cluster import Crowd, Reader, decided_keys, draining, events_on_each_master, with_gate
from tests.support.in_process.gate import apply_for, kinds
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
            confirming = open_gate(cluster.url, queue_limit=1000, replicas=1)
            crowd, reader = Crowd(confirming), Reader(gate)
            await reader.follow(*events)
            await crowd.all_register(events, 20)
            victim.kill()
            crowd.gate = gate
            await crowd.all_register(events, 20)
            # The promoted one has no replica left, and must not promise what needs one. The others have.
            answers = [await last_answer(confirming, event) for event in events]
            assert answers == ["NotReplicated" if event.pk == hit else "admitted" for event in events]
            await confirming.aclose()
            await reader.until(lambda: reader.subscriptions[hit] > 1)
            before = reader.changes[hit]
            await crowd.all_register(events, 1, at_once=1)
            await reader.until(lambda: reader.changes[hit] > before)
            # Neither the gate nor the drain, which both go on, has kept a socket to the one that died.
            await reader.until(lambda: sockets_to(victim) == 0)
            await reader.close()
            return crowd

        with draining(client, events):
            crowd: Crowd = with_gate(cluster.url, scene)
            until(lambda: Registration.objects.count() == 3 * 42, "all are decided")
        assert crowd.refused > 0
        assert set(crowd.answers) == {"admitted"}
        for event in events:
            assert set(crowd.accepted[event.pk]) <= decided_keys(event)


async def last_answer(gate: Gate, event: Event) -> str:
    """What one more guest is told, once the gate has found the event's master."""
    request = apply_for(f"{event.pk}-last")
    while True:
        try:
            return kinds(await gate.admit(event.pk, [request]))[0]
        except QueueUnavailable as problem:
            if str(problem) == "NotReplicated":
                return str(problem)
