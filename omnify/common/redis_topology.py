"""What a blocking client knows of a Redis Cluster: which node serves which slot, and a client for each node."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, ConnectionError, RedisError, TimeoutError
from redis.retry import Retry

from omnify.common.redis_slots import SlotMap
from omnify.common.redis_urls import Address, StoreUrl, host_and_port

# The map is read again this often at most.
REFRESH_SECONDS = 0.2
# A node that hangs must not keep the map from being read from another one.
MAP_SECONDS = 1.0
# So long after a timeout a node is not asked again, or a node that hangs would hold up what the others could do.
REST_SECONDS = 5.0


class Topology:
    """The map, read from any node when it is first needed and again when it is in doubt. Threads may share it."""

    def __init__(self, store: StoreUrl, connect: Callable[[str], redis.Redis]) -> None:
        self._store = store
        self._connect = connect
        self._nodes: dict[Address, redis.Redis] = {}
        self._slots = SlotMap()
        self._doubtful = True
        self._known = False
        self._read_at = 0.0
        self._hung_at: dict[Address, float] = {}
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    def owner(self, slot: int) -> Address:
        """Returns the master of a slot. Raises redis.exceptions.RedisError: none is known."""
        if self._doubtful:
            self._read()
        owner = self._slots[slot]
        if owner is None:
            self._doubtful = True
            raise ClusterDownError("no node serves the slot")
        return owner

    def node(self, address: Address) -> redis.Redis:
        """Returns the client of one node."""
        with self._lock:
            found = self._nodes.get(address)
            if found is None:
                found = self._nodes[address] = self._connect(self._store.server_url(address))
            return found

    def node_for_commands(self, address: Address) -> redis.Redis:
        """Does the same, unless the node has not answered within its time a moment ago: then raises ConnectionError."""
        if time.monotonic() < self._hung_at.get(address, float("-inf")) + REST_SECONDS:
            raise ConnectionError("the node did not answer a moment ago")
        return self.node(address)

    def masters(self) -> dict[str, redis.Redis]:
        """Returns a client for each master, by `host:port`. Raises redis.exceptions.RedisError: none is known."""
        return {host_and_port(address): self.node(address) for address in self.owners()}

    def owners(self) -> list[Address]:
        """Lists the addresses of all masters. Raises redis.exceptions.RedisError: none is known."""
        if self._doubtful:
            self._read()
        return self._slots.masters()

    def learn(self, slot: int, owner: Address) -> None:
        """Takes over what one node said about one slot. The rest of the map is in doubt then."""
        self._slots.learn(slot, owner)
        self._doubtful = True

    def doubt(self, address: Address, problem: RedisError) -> None:
        """Has the map read again before it is next used: this node did not do what it should."""
        self._doubtful = True
        if isinstance(problem, TimeoutError):
            self._hung_at[address] = time.monotonic()

    def close(self) -> None:
        """Closes all connections."""
        with self._lock:
            nodes, self._nodes = self._nodes, {}
        for node in nodes.values():
            node.close()

    def _read(self) -> None:
        """Reads the map, unless another thread does so and there is one that can be used meanwhile."""
        if not self._reading.acquire(blocking=not self._known):
            return
        try:
            if time.monotonic() > self._read_at + REFRESH_SECONDS:
                self._ask_nodes()
        except RedisError:
            # Without any map there is nothing to go by.
            if not self._known:
                raise
        finally:
            self._reading.release()

    def _ask_nodes(self) -> None:
        problem: Exception | None = None
        for address in self._candidates():
            # Before the answer: what is doubted while it is under way may not be in it.
            self._doubtful = False
            try:
                reply = self._ask(address)
            except (RedisError, OSError) as raised:
                problem = raised
                continue
            if reply:
                self._slots.replace(reply, asked=address)
                self._known, self._read_at = True, time.monotonic()
                self._disconnect_others()
                return
        self._doubtful, self._read_at = True, time.monotonic()
        raise ClusterDownError(f"no node of the Cluster answers: {problem}") from problem

    def _disconnect_others(self) -> None:
        """Closes what is idle to nodes that serve no slot: a demoted master, or one that has left the Cluster."""
        masters = self._slots.masters()
        with self._lock:
            others = [node for address, node in self._nodes.items() if address not in masters]
        for node in others:
            node.connection_pool.disconnect(inuse_connections=False)

    def _ask(self, address: Address) -> Any:
        url = self._store.server_url(address)
        limits: dict[str, Any] = {"socket_timeout": MAP_SECONDS, "socket_connect_timeout": MAP_SECONDS}
        with redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), protocol=2, **limits) as client:
            return client.execute_command("CLUSTER SLOTS")

    def _candidates(self) -> Iterator[Address]:
        """Lists the masters known, in an order of chance, then the nodes of the address."""
        masters = self._slots.masters()
        yield from random.sample(masters, len(masters))
        yield from (address for address in self._store.addresses if address not in masters)
