"""Nodes of a Cluster that lose all their slots, and who still has a connection to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.support.valkey_cluster import Node, ValkeyCluster, is_ok, serves, until

Range = tuple[int, int]


@contextmanager
def without_slots(cluster: ValkeyCluster, node: Node, *, instead: Node) -> Iterator[None]:
    """For the time of the block `instead` serves all that a master did, which stays a master."""
    node.call("CONFIG", "SET", "cluster-allow-replica-migration", "no")
    move(cluster, node, instead, slots := ranges_of(node))
    try:
        yield
    finally:
        move(cluster, instead, node, slots)
        node.call("CONFIG", "SET", "cluster-allow-replica-migration", "yes")


def ranges_of(node: Node) -> list[Range]:
    """The slots of a master: several ranges where single slots have moved."""
    found = [row for row in node.call("CLUSTER", "SLOTS") if row[2][1] == node.server.port]
    return [(first, last) for first, last, *_ in found]


def move(cluster: ValkeyCluster, source: Node, target: Node, slots: list[Range]) -> None:
    """Moves ranges with all their keys, one after the other."""
    for first, last in slots:
        source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", first, last, "NODE", target.id)
        until(partial(_has_moved, first, source, target), "the slots have moved")
    until(lambda: all(is_ok(node) for node in cluster.masters), "the nodes agree")


def _has_moved(slot: int, source: Node, target: Node) -> bool:
    return serves(target, slot) and not serves(source, slot)


def sockets_to(node: Node) -> int:
    """How many sockets of this machine have the node at their other end, also where that has ended."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established, half_closed, far_end = "01", "08", f":{node.server.port:04X}"
    return sum(line[2].endswith(far_end) and line[3] in (established, half_closed) for line in lines)
