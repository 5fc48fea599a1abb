"""Nodes of a Cluster that lose all their slots, and who still has a connection to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.valkey_cluster import Node, ValkeyCluster, is_ok, serves, until

Range = tuple[int, int]


@contextmanager
def without_slots(cluster: ValkeyCluster, node: Node, *, instead: Node) -> Iterator[None]:
    """For the time of the block `instead` serves all that a master did, which stays a master."""
    node.call("CONFIG", "SET", "cluster-allow-replica-migration", "no")
    move(cluster, node, instead, slots := range_of(node))
    try:
        yield
    finally:
        move(cluster, instead, node, slots)
        node.call("CONFIG", "SET", "cluster-allow-replica-migration", "yes")


def range_of(node: Node) -> Range:
    """The slots of a master that has one range of them."""
    [(first, last)] = [found[:2] for found in node.call("CLUSTER", "SLOTS") if found[2][1] == node.server.port]
    return first, last


def move(cluster: ValkeyCluster, source: Node, target: Node, slots: Range) -> None:
    """Moves a range with all its keys at once."""
    source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *slots, "NODE", target.id)
    until(lambda: serves(target, slots[0]) and not serves(source, slots[0]), "the slots have moved")
    until(lambda: all(is_ok(node) for node in cluster.masters), "the nodes agree")


def sockets_to(node: Node) -> int:
    """How many sockets of this machine have the node at their other end, also where that has ended."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established, half_closed, far_end = "01", "08", f":{node.server.port:04X}"
    return sum(line[2].endswith(far_end) and line[3] in (established, half_closed) for line in lines)
