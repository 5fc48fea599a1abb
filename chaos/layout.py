"""What runs where: the nodes of a run, as data.

A node is one program on one host. A store's `primary` is the node that it follows at first; one without can be written
to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["valkey", "sentinel", "postgres", "door", "drain", "dispatcher"]
Queue = Literal["single", "sentinel", "cluster"]

DESK = "desk"
CROWD = "crowd"
STORES = ("valkey", "sentinel", "postgres")


@dataclass(frozen=True, slots=True)
class Node:
    """One program on a host."""

    name: str
    kind: Kind
    host: str
    primary: str = ""


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

    def of(self, *kinds: Kind) -> list[Node]:
        return [node for node in self.nodes if node.kind in kinds]

    def on(self, host: str) -> list[Node]:
        return [node for node in self.nodes if node.host == host]

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)


def _application(number: int) -> tuple[Node, ...]:
    host = f"app{number}"
    return (Node(f"door{number}", "door", host), Node(f"drain{number}", "drain", host))


SMALL = Layout(
    name="small",
    nodes=(
        Node("queue1", "valkey", "queue1"),
        Node("queue2", "valkey", "queue2", "queue1"),
        Node("broker1", "valkey", "broker1"),
        Node("base1", "postgres", "base1"),
        *_application(1),
        *_application(2),
        Node("door3", "door", "app3"),
        Node("deliver1", "dispatcher", "app3"),
    ),
)

LAYOUTS = {layout.name: layout for layout in (SMALL,)}
