"""Joins Valkeys into a Cluster and moves slots in it, as `valkey-cli --cluster` does, which the wheel lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import redis

from chaos.addresses import VALKEY_PORT
from omnify.common.redis_client import connect
from omnify.common.redis_slots import SLOTS
from omnify.embedded.valkey import Valkey

START_SECONDS = 60.0
MIGRATE_MS = 2000


class Cluster:
    """All nodes of a Cluster, by name, each with a client of it alone.

    `primaries` names the first master of each replica, and is empty for those themselves: they name the shards.
    """

    def __init__(self, servers: Mapping[str, Valkey], primaries: Mapping[str, str]) -> None:
        self._servers, self._primaries = servers, primaries
        self._shards = {name: primary or name for name, primary in primaries.items()}
        # Slots that move, or whose move was interrupted, and the shards that are to have them.
        self._moving: dict[int, str] = {}
        self._clients = {name: connect(server.url()) for name, server in servers.items()}

    def join(self) -> None:
        """Makes one Cluster of new servers. Returns when all of it serves."""
        primaries = self._primaries
        masters = [name for name in self._servers if not primaries[name]]
        for number, name in enumerate(masters):
            first, last = number * SLOTS // len(masters), (number + 1) * SLOTS // len(masters) - 1
            self._call(name, "CLUSTER", "ADDSLOTSRANGE", first, last)
        for number, name in enumerate(self._servers, start=1):
            self._call(name, "CLUSTER", "SET-CONFIG-EPOCH", number)
            if number > 1:
                self._call(name, "CLUSTER", "MEET", self._servers[masters[0]].address, VALKEY_PORT)
        count = str(len(self._servers))
        self._until(lambda: all(self._info(name, "cluster_known_nodes") == count for name in self._servers))
        for name, primary in primaries.items():
            if primary:
                self._call(name, "CLUSTER", "REPLICATE", self._id(primary))
        self._until(lambda: all(self._info(name, "cluster_state") == "ok" for name in self._servers))
        self._until(lambda: all(self._follows(name) for name, primary in primaries.items() if primary))

    def move_slot(self, slot: int, *, by: int) -> None:
        """Moves a slot with its keys to another master, `by` shards further. Raises RedisError: it may be half done."""
        owner = self._owner(slot)
        shards = sorted(set(self._shards.values()))
        self._moving.setdefault(slot, shards[(shards.index(self._shards[owner]) + by) % len(shards)])
        self._move(slot)

    def finish_moves(self) -> None:
        """Ends moves that were interrupted. Raises RedisError: a master that is needed does not answer."""
        for slot in list(self._moving):
            self._move(slot)

    def readmit(self) -> None:
        """Has a master without slots follow its shard's master again. Raises RedisError.

        One that has died and lost all its slots while its replica took in others too stays a master of nothing, since
        replicas may not go over to other shards here (`cluster-allow-replica-migration no`).
        """
        for name, shard in self._shards.items():
            if self._role(name) == "master" and not self._slots(name):
                self._call(name, "CLUSTER", "REPLICATE", self._id(self._master(shard)))

    def _move(self, slot: int) -> None:
        source, target = self._owner(slot), self._master(self._moving[slot])
        if source != target:
            self._call(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", self._id(source))
            self._call(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", self._id(target))
            self._move_keys(slot, source, target)
            for name in (target, source):
                self._call(name, "CLUSTER", "SETSLOT", slot, "NODE", self._id(target))
        else:
            self._call(target, "CLUSTER", "SETSLOT", slot, "STABLE")
        del self._moving[slot]

    def _move_keys(self, slot: int, source: str, target: str) -> None:
        server = self._servers[target]
        while keys := self._call(source, "CLUSTER", "GETKEYSINSLOT", slot, 10):
            where = (server.address, VALKEY_PORT, "", 0, MIGRATE_MS)
            # What an interrupted move has copied already is replaced.
            self._call(source, "MIGRATE", *where, "REPLACE", "AUTH", server.password, "KEYS", *keys)

    def _owner(self, slot: int) -> str:
        """Finds the master of a slot, as itself says. Raises RedisError."""
        found = [name for name in self._servers if self._serves(name, slot)]
        if not found:
            raise redis.RedisError("no master serves the slot")
        return found[0]

    def _master(self, shard: str) -> str:
        found = [name for name in self._servers if self._shards[name] == shard and self._slots(name)]
        if not found:
            raise redis.RedisError("the shard has no master")
        return found[0]

    def fail_over(self, replica: str) -> None:
        """Asks a replica to take its master's place, which loses nothing. Raises RedisError."""
        self._call(replica, "CLUSTER", "FAILOVER")

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _call(self, name: str, *words: Any) -> Any:
        return self._clients[name].execute_command(*words)  # type: ignore[no-untyped-call]

    def _id(self, name: str) -> str:
        return str(self._call(name, "CLUSTER", "MYID").decode())

    def _info(self, name: str, field: str) -> str:
        lines: Sequence[str] = self._call(name, "CLUSTER", "INFO").decode().split()
        return dict(line.split(":", 1) for line in lines)[field]

    def _role(self, name: str) -> str:
        try:
            return str(self._call(name, "ROLE")[0].decode())
        except redis.RedisError:
            return ""

    def _follows(self, name: str) -> bool:
        found = self._call(name, "ROLE")
        return bool(found[0] == b"slave" and found[3] == b"connected")

    def _serves(self, name: str, slot: int) -> bool:
        return any(first <= slot <= last for first, last in self._slots(name))

    def _slots(self, name: str) -> list[tuple[int, int]]:
        """The ranges that a node serves as a master, as itself says; none if it is no master or does not answer."""
        if self._role(name) != "master":
            return []
        own = self._servers[name].address.encode()
        ranges = self._call(name, "CLUSTER", "SLOTS")
        return [(first, last) for first, last, master, *_ in ranges if master[0] in (own, b"")]

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("the Cluster does not come together")
            time.sleep(0.05)
