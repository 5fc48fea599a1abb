"""A Valkey Cluster on this machine: real servers, joined by hand, since the wheel has no `valkey-cli`."""

from __future__ import annotations

import contextlib
import secrets
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from omnify.common.redis_client import connect
from omnify.common.redis_slots import SLOTS
from omnify.embedded.ports import LOOPBACK, port_of, reserve_port
from omnify.embedded.process import Child
from omnify.embedded.valkey import Valkey
from tests.support.run_times import count_start

START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterValkey(Valkey):
    """A Valkey that is a node of a Cluster. `bus_port` is where the nodes speak to each other."""

    bus_port: int
    node_timeout_ms: int

    def config(self) -> str:
        """As in production: a range without a master refuses its own keys alone."""
        options = {
            "cluster-enabled": "yes",
            "cluster-port": str(self.bus_port),
            "cluster-config-file": "nodes.conf",
            "cluster-node-timeout": str(self.node_timeout_ms),
            "cluster-require-full-coverage": "no",
            "cluster-replica-validity-factor": "0",
            "masterauth": self.password,
            "repl-diskless-sync-delay": "0",
            "repl-ping-replica-period": "1",
        }
        return Valkey.config(self) + "".join(f"{name} {value}\n" for name, value in options.items())


@dataclass(slots=True)
class Node:
    """One server of a Cluster, and a client of it alone."""

    server: ClusterValkey
    client: redis.Redis
    child: Child | None = None

    @property
    def name(self) -> str:
        return f"{LOOPBACK}:{self.server.port}"

    def call(self, *words: Any) -> Any:
        """Sends a command to this node, whatever slot it is about."""
        return self.client.execute_command(*words)  # type: ignore[no-untyped-call]

    @property
    def id(self) -> str:
        return str(self.call("CLUSTER", "MYID").decode())

    def kill(self) -> None:
        """Ends the server as a crash does."""
        assert self.child is not None
        self.child.process.kill()
        self.child.process.wait()
        self.client.close()

    def restart(self) -> None:
        """Starts the server again with what it has on disk."""
        self.child = self.server.spawn()
        until(lambda: answers(self.client) and is_ok(self), "a node serves again")

    def freeze(self) -> None:
        assert self.child is not None
        self.child.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.child is not None
        self.child.process.send_signal(signal.SIGCONT)


class ValkeyCluster:
    """Masters with an equal share of the slots each, and `replicas` for each of them behind them in `nodes`."""

    def __init__(self, *, masters: int = 3, replicas: int = 0, node_timeout_ms: int = 5000) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="omnify-cluster-")
        self._password = secrets.token_hex(8)
        self._ports = [reserve_port() for _ in range(2 * masters * (1 + replicas))]
        self._timeout_ms = node_timeout_ms
        self.nodes = [self._make(number) for number in range(masters * (1 + replicas))]
        self.masters, self.replicas = self.nodes[:masters], self.nodes[masters:]

    def _make(self, number: int) -> Node:
        home = Path(self._home.name)
        server = ClusterValkey(
            directory=home / f"node{number}",
            log=home / f"node{number}.log",
            port=port_of(self._ports[2 * number]),
            bus_port=port_of(self._ports[2 * number + 1]),
            password=self._password,
            node_timeout_ms=self._timeout_ms,
        )
        return Node(server, connect(server.url()))

    @property
    def url(self) -> str:
        hosts = ",".join(node.name for node in self.nodes)
        return f"redis+cluster://:{self._password}@{hosts}/0"

    def start(self) -> None:
        """Starts all nodes at once and joins them. Returns when each serves what it should."""
        count_start("Valkey Clusters")
        for node in self.nodes:
            node.child = node.server.spawn()
        for node in self.nodes:
            until(lambda node=node: answers(node.client), "a node starts")  # type: ignore[misc]
        count = len(self.masters)
        for number, node in enumerate(self.masters):
            first, last = number * SLOTS // count, (number + 1) * SLOTS // count - 1
            node.call("CLUSTER", "ADDSLOTSRANGE", first, last)
        for number, node in enumerate(self.nodes, start=1):
            node.call("CLUSTER", "SET-CONFIG-EPOCH", number)
            if number > 1:
                first_node = self.nodes[0].server
                node.call("CLUSTER", "MEET", LOOPBACK, first_node.port, first_node.bus_port)
        until(lambda: all(known(node) == len(self.nodes) for node in self.nodes), "the nodes know each other")
        for number, node in enumerate(self.replicas):
            node.call("CLUSTER", "REPLICATE", self.masters[number % count].id)
        until(lambda: all(is_ok(node) for node in self.nodes), "the Cluster is up")
        until(lambda: all(has_copy(node) for node in self.replicas), "the replicas have a copy")

    def stop(self) -> None:
        """Ends every node and removes its data. Harmless when repeated."""
        for node in self.nodes:
            if node.child is not None and node.child.running:
                node.child.process.kill()
                node.child.process.wait()
            node.client.close()
        for holder in self._ports:
            with contextlib.suppress(OSError):
                holder.close()
        self._home.cleanup()

    def owner(self, slot: int) -> Node:
        """The master that serves a slot now, as itself says."""
        return next(node for node in self.nodes if node.child and node.child.running and serves(node, slot))

    def empty(self) -> None:
        """Removes all data."""
        for node in self.masters:
            node.call("FLUSHALL")

    def move_slot(self, slot: int, *, to: Node, pause: Callable[[], None] = lambda: None) -> int:
        """Moves a slot with all its keys, one by one, as `valkey-cli --cluster reshard` does. Returns how many keys.

        `pause` is called before each key and before the end.
        """
        source, moved = self.owner(slot), 0
        to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id)
        while keys := source.call("CLUSTER", "GETKEYSINSLOT", slot, 1):
            pause()
            host, port = LOOPBACK, to.server.port
            source.call("MIGRATE", host, port, "", 0, 5000, "AUTH", self._password, "KEYS", *keys)
            moved += 1
        pause()
        for node in (to, source, *(other for other in self.masters if other not in (to, source))):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", to.id)
        return moved


@contextlib.contextmanager
def running_cluster(**options: Any) -> Iterator[ValkeyCluster]:
    """A Cluster of the block's own."""
    cluster = ValkeyCluster(**options)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def until(condition: Callable[[], bool], what: str, *, seconds: float = START_SECONDS) -> None:
    """Waits until `condition()` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {what}"
        time.sleep(0.02)


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def info(node: Node) -> dict[str, str]:
    return dict(line.split(":", 1) for line in node.call("CLUSTER", "INFO").decode().split())


def known(node: Node) -> int:
    return int(info(node)["cluster_known_nodes"])


def is_ok(node: Node) -> bool:
    """Whether the node serves, and knows who serves what it does not."""
    found = info(node)
    return found["cluster_state"] == "ok" and found["cluster_slots_ok"] == str(SLOTS)


def has_copy(node: Node) -> bool:
    found: Any = node.client.info("replication")
    return bool(found["role"] == "slave" and found["master_link_status"] == "up")


def serves(node: Node, slot: int) -> bool:
    """Whether the node takes commands for a slot itself. A replica does not."""
    ranges, own = node.call("CLUSTER", "SLOTS"), node.server.port
    return any(first <= slot <= last and master[1] == own for first, last, master, *_ in ranges)
