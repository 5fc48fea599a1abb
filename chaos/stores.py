"""All stores of a layout: Valkeys, Sentinels and PostgreSQLs, each with a disk, and how they find each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis

from chaos.addresses import SENTINEL_PORT
from chaos.clocks import Clocks
from chaos.cluster import Cluster
from chaos.databases import Databases
from chaos.disks import POSTGRES_DISK, VALKEY_DISK, Disk, make_disk
from chaos.layout import Layout, Node
from chaos.network import Network
from chaos.valkeys import Sentinel, Server, make_sentinel, make_server
from events.admission.keys import event_keys
from omnify.common.redis_slots import slot_of
from omnify.embedded.process import Child


class Stores:
    """Starts stores. The caller puts this thread on the host where one belongs."""

    def __init__(self, layout: Layout, network: Network, home: Path, *, password: str, clocks: Clocks) -> None:
        self._layout, self._network = layout, network
        sizes = {"valkey": VALKEY_DISK, "postgres": POSTGRES_DISK}
        nodes = layout.of("valkey", "postgres")
        self.disks: dict[str, Disk] = {
            node.name: make_disk(home / "disks" / node.name, sizes[node.kind]) for node in nodes
        }
        self.valkeys: dict[str, Server] = {
            node.name: make_server(node, layout=layout, network=network, home=home, password=password, clocks=clocks)
            for node in layout.of("valkey")
        }
        self._sentinels: dict[str, Sentinel] = {
            node.name: make_sentinel(node, layout=layout, network=network, home=home, password=password)
            for node in layout.of("sentinel")
        }
        self.databases = Databases(layout, network, home, password=password, clocks=clocks)
        members = layout.of("valkey", service="queue") if layout.queue == "cluster" else []
        servers = {node.name: self.valkeys[node.name] for node in members}
        self.cluster = Cluster(servers, {node.name: node.primary for node in members}) if members else None

    def start(self, node: Node) -> Child:
        """Starts a store for the first time. Returns when it answers; a Sentinel may not yet."""
        match node.kind:
            case "valkey":
                return self.valkeys[node.name].start()
            case "postgres":
                return self.databases.start(node)
            case _:
                return self._sentinels[node.name].spawn()

    def spawn(self, node: Node) -> Child:
        """Starts a store again, without waiting for it."""
        match node.kind:
            case "valkey":
                return self.valkeys[node.name].spawn()
            case "postgres":
                return self.databases.spawn(node)
            case _:
                return self._sentinels[node.name].spawn()

    def join(self) -> None:
        """Makes a Cluster of the queue's servers, where the layout has one."""
        if self.cluster is not None:
            self.cluster.join()

    def move_slot(self, event: int, *, by: int) -> None:
        """Moves the slot of an event to another master. Raises redis.RedisError: it may be half done."""
        assert self.cluster is not None
        self.cluster.move_slot(slot_of(event_keys(event).queue), by=by)

    def finish_moves(self) -> None:
        """Ends moves of slots that were interrupted, and what a master's death has left. Raises redis.RedisError."""
        if self.cluster is not None:
            self.cluster.readmit()
            self.cluster.finish_moves()

    def fail_over(self, replica: str) -> None:
        """Has a replica of the queue take over in good order. Raises redis.RedisError."""
        if self.cluster is not None:
            self.cluster.fail_over(replica)
            return
        sentinel = self._layout.of("sentinel")[0]
        address = self._network.addresses[sentinel.host]
        with redis.Redis(address, SENTINEL_PORT, socket_timeout=2, socket_connect_timeout=2) as client:
            client.execute_command("SENTINEL", "FAILOVER", self._layout.watched)

    def whole(self) -> bool:
        """Tells whether every Valkey and every PostgreSQL answers, and follows if it is not the one to write to."""
        return self.databases.whole() and all(self._serves(server) for server in self.valkeys.values())

    def close(self) -> None:
        """Removes the disks."""
        if self.cluster is not None:
            self.cluster.close()
        for disk in self.disks.values():
            disk.remove()

    def _serves(self, server: Server) -> bool:
        try:
            with redis.Redis.from_url(server.url(), socket_timeout=2, socket_connect_timeout=2) as client:
                role: Any = client.role()
        except redis.RedisError:
            return False
        return bool(role[0] == b"master" or role[3] == b"connected")
