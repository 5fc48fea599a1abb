"""Connections to a node of a Cluster that serves no slot any more."""

from __future__ import annotations

import pytest

from events.admission.cluster_gate import ClusterGate
from omnify.common.redis_client import connect
from omnify.common.redis_slots import slot_of
from tests.support.cluster_nodes import ranges_of, sockets_to, without_slots
from tests.support.in_process.cluster import with_gate
from tests.support.valkey_cluster import Node, ValkeyCluster

SERVED_BY = "{event:%d}:counter of the tests"


def key_on(node: Node) -> str:
    """A key that a master serves."""
    [(first, last), *_] = ranges_of(node)
    keys = (SERVED_BY % number for number in range(1_000_000))
    return next(key for key in keys if first <= slot_of(key) <= last)


@pytest.fixture(params=["link", "client"])
def url(request: pytest.FixtureRequest, cluster: ValkeyCluster) -> str:
    """An address for links, and one with an option, for which redis-py has the connections."""
    return cluster.url if request.param == "link" else cluster.url + "?socket_keepalive=1"


def test_doors_and_workers_close_what_they_have_to_a_node_without_slots(cluster: ValkeyCluster, url: str) -> None:
    node, other, _ = cluster.masters
    key, before = key_on(node), sockets_to(node)

    async def scene(gate: ClusterGate) -> None:
        with connect(url) as worker:
            assert await gate.cluster.execute_command("INCR", key) == 1
            assert worker.incr(key) == 2
            assert sockets_to(node) > before + 1
            with without_slots(cluster, node, instead=other):
                # The map is read again behind the next answer that does not fit it.
                while sockets_to(node) > before:
                    assert await gate.cluster.execute_command("PTTL", key) == -1
                    assert worker.pttl(key) == -1
                assert await gate.cluster.execute_command("INCR", key) == 3
            assert await gate.cluster.execute_command("INCR", key) == 4
            assert worker.delete(key) == 1

    with_gate(url, scene)
