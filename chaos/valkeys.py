"""The Valkeys of a layout: servers of the queue and of the broker, and the Sentinels that watch them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.addresses import SENTINEL_PORT, VALKEY_PORT
from chaos.clocks import Clocks
from chaos.layout import Layout, Node
from chaos.network import Network
from omnify.embedded.process import Child, start_child
from omnify.embedded.valkey import Valkey, find_binary

NODE_TIMEOUT_MS = 2000
_REPLICATION = {
    # Replicas are given up after seconds and not a minute, and a new one does not wait for others to join it.
    "repl-timeout": "10",
    "repl-ping-replica-period": "1",
    "repl-diskless-sync-delay": "0",
}
_CLUSTER = {
    "cluster-enabled": "yes",
    "cluster-node-timeout": str(NODE_TIMEOUT_MS),
    "cluster-require-full-coverage": "no",
    "cluster-replica-validity-factor": "0",
    # Otherwise a replica goes over to a shard that has lost its own, and the shards are no longer those of the layout.
    "cluster-allow-replica-migration": "no",
}
_SENTINEL = """port {port}
bind {address}
protected-mode no
dir {folder}
logfile ""
sentinel monitor {service} {master} {valkey_port} 2
sentinel auth-pass {service} {password}
sentinel down-after-milliseconds {service} 1500
sentinel failover-timeout {service} 6000
sentinel parallel-syncs {service} 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Valkey):
    """A Valkey whose configuration is written once: a Sentinel writes into it who follows whom."""

    def config(self) -> str:
        path = self.directory / "valkey.conf"
        kept = path.read_text("utf-8") if path.exists() else ""
        return kept or Valkey.config(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinel:
    """A Sentinel. It writes what it learns into its configuration."""

    directory: Path
    log: Path
    config: str

    def spawn(self, *, keep_open: Sequence[int] = ()) -> Child:
        """Starts it, without waiting for it."""
        path = self.directory / "sentinel.conf"
        if not path.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            path.write_text(self.config, "utf-8")
        command: list[str | Path] = [find_binary(), path, "--sentinel"]
        env = {"PATH": "/usr/bin:/bin"}
        return start_child("sentinel", command, log=self.log, env=env, keep_open=keep_open)


def make_server(node: Node, *, layout: Layout, network: Network, home: Path, password: str, clocks: Clocks) -> Server:
    """Describes a node's Valkey."""
    return Server(
        directory=home / "disks" / node.name / "valkey",
        log=home / node.host / "log" / f"{node.name}.log",
        port=VALKEY_PORT,
        password=password,
        address=network.addresses[node.host],
        options={
            "masterauth": password,
            **_REPLICATION,
            **_durability(node, layout),
            **_topology(node, layout, network),
        },
        variables=clocks.environment(node.name),
    )


def make_sentinel(node: Node, *, layout: Layout, network: Network, home: Path, password: str) -> Sentinel:
    """Describes a Sentinel, which is told where the master is at first and finds the rest."""
    folder = home / node.host / node.name
    master = layout.of("valkey", service=layout.watched)[0]
    config = _SENTINEL.format(
        port=SENTINEL_PORT,
        address=network.addresses[node.host],
        folder=folder,
        service=layout.watched,
        master=network.addresses[master.host],
        valkey_port=VALKEY_PORT,
        password=password,
    )
    return Sentinel(directory=folder, log=home / node.host / "log" / f"{node.name}.log", config=config)


def _durability(node: Node, layout: Layout) -> Mapping[str, str]:
    """A primary that has lost its replicas takes nothing more (`docs/replicas.md`)."""
    if node.service != "queue" or not layout.replicas:
        return {}
    return {"min-replicas-to-write": str(layout.replicas), "min-replicas-max-lag": "2"}


def _topology(node: Node, layout: Layout, network: Network) -> Mapping[str, str]:
    if layout.queue == "cluster" and node.service == "queue":
        return _CLUSTER
    if not node.primary:
        return {}
    return {"replicaof": f"{network.addresses[layout.node(node.primary).host]} {VALKEY_PORT}"}
