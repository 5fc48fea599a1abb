"""What runs where: the nodes of a run, as data.

A node is one program on one host. A store's `primary` is the node that it follows at first; one without can be written
to. Which node is a primary later is for Sentinels, the Cluster or the nemesis to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["valkey", "sentinel", "postgres", "door", "drain", "dispatcher"]
Service = Literal["queue", "broker", ""]
Queue = Literal["single", "sentinel", "cluster"]

DESK = "desk"
CROWD = "crowd"


@dataclass(frozen=True, slots=True)
class Node:
    """One program on a host. `service` is what a Valkey is for."""

    name: str
    kind: Kind
    host: str
    primary: str = ""
    service: Service = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All nodes of a service.

    Attributes:
        queue: how the clients of the queue find it.
        replicas: how many replicas must have a registration before its 202 (`QUEUE_REPLICAS`).
    """

    name: str
    nodes: tuple[Node, ...]
    queue: Queue = "single"
    replicas: int = 0

    @property
    def hosts(self) -> tuple[str, ...]:
        """The service's hosts, the desk that the run is directed from, and the crowd's."""
        return (*dict.fromkeys(node.host for node in self.nodes), DESK, CROWD)

    @property
    def fails_over(self) -> bool:
        """Whether a replica of the queue takes over."""
        return self.queue != "single"

    @property
    def watched(self) -> Service:
        """What the Sentinels watch."""
        if not self.of("sentinel"):
            return ""
        return "queue" if self.queue == "sentinel" else "broker"

    def of(self, *kinds: Kind, service: Service = "") -> list[Node]:
        return [node for node in self.nodes if node.kind in kinds and service in ("", node.service)]

    def on(self, host: str) -> list[Node]:
        return [node for node in self.nodes if node.host == host]

    def replicas_of(self, primary: str) -> list[Node]:
        return [node for node in self.nodes if node.primary == primary]

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def group(self, host: str) -> str:
        """Names the hosts of which one may suffer at a time: a primary with its replicas, else the host alone.

        What is promised is that the death of one host loses nothing.
        """
        for node in self.on(host):
            if node.kind in ("valkey", "postgres"):
                return node.primary or node.name
        return host


def _application(number: int, *more: Node) -> tuple[Node, ...]:
    host = f"app{number}"
    return (Node(f"door{number}", "door", host), *more)


def _drain(number: int) -> Node:
    return Node(f"drain{number}", "drain", f"app{number}")


def _sentinel(number: int) -> Node:
    return Node(f"sentinel{number}", "sentinel", f"app{number}")


def _valkeys(name: str, service: Service, replicas: int) -> tuple[Node, ...]:
    """A primary and its replicas, each on a host of its own."""
    first = f"{name}a"
    others = [f"{name}{letter}" for letter in "bcd"[:replicas]]
    return (Node(first, "valkey", first, "", service), *(Node(one, "valkey", one, first, service) for one in others))


# One server for the queue and the broker: what is down stays down until it is started again, and loses nothing.
SINGLE = Layout(
    name="single",
    nodes=(
        *_valkeys("queue", "queue", 1),
        *_valkeys("broker", "broker", 0),
        Node("base1", "postgres", "base1"),
        *_application(1, _drain(1)),
        *_application(2, _drain(2)),
        *_application(3, Node("deliver3", "dispatcher", "app3")),
    ),
)

# A replica takes over within seconds. All of them must have a registration: Sentinels promote one that they reach, and
# with one of two the old primary and its other replica can go on for a while, and give 202s that are then dropped.
SMALL = Layout(
    name="small",
    queue="sentinel",
    replicas=2,
    nodes=(
        *_valkeys("queue", "queue", 2),
        *_valkeys("broker", "broker", 0),
        Node("base1", "postgres", "base1"),
        *_application(1, _sentinel(1), _drain(1)),
        *_application(2, _sentinel(2), _drain(2)),
        *_application(3, _sentinel(3), Node("deliver3", "dispatcher", "app3")),
    ),
)

# Events are spread over three shards; the broker has Sentinels, and PostgreSQL a synchronous standby.
FULL = Layout(
    name="full",
    queue="cluster",
    replicas=1,
    nodes=(
        *_valkeys("shard1", "queue", 2),
        *_valkeys("shard2", "queue", 2),
        *_valkeys("shard3", "queue", 2),
        *_valkeys("broker", "broker", 1),
        Node("base1", "postgres", "base1"),
        Node("base2", "postgres", "base2", "base1"),
        *_application(1, _sentinel(1), _drain(1), Node("deliver1", "dispatcher", "app1")),
        *_application(2, _sentinel(2), _drain(2), Node("deliver2", "dispatcher", "app2")),
        *_application(3, _sentinel(3), _drain(3)),
    ),
)

LAYOUTS = {layout.name: layout for layout in (SINGLE, SMALL, FULL)}
