"""What a door knows of a Redis Cluster: which node serves which slot. Read from any node, and again when in doubt."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Collection, Iterator

import redis.asyncio
from redis.exceptions import ClusterDownError, RedisError

from events.admission.link import Link, OnConnected
from omnify.common.logs import get_logger
from omnify.common.redis_slots import SlotMap
from omnify.common.redis_topology import MAP_SECONDS, REFRESH_SECONDS
from omnify.common.redis_urls import Address, StoreUrl
from omnify.common.replicas import AsyncReplicatedClient

logger = get_logger(__name__)


# What sends commands to one node.
Node = Link | redis.asyncio.Redis | AsyncReplicatedClient


class Nodes:
    """What speaks to each node, made by `make` from its plain URL when it is needed."""

    def __init__(self, store: StoreUrl, make: Callable[[str], Node]) -> None:
        self._store = store
        self._make = make
        self._made: dict[Address, Node] = {}
        # For links that are made from now on (see `Link`).
        self.on_connected: OnConnected | None = None

    def __getitem__(self, address: Address) -> Node:
        found = self._made.get(address)
        if found is None:
            found = self._made[address] = self._make(self._store.server_url(address))
            if isinstance(found, Link):
                found.on_connected = self.on_connected
        return found

    async def disconnect_others(self, serving: Collection[Address]) -> None:
        """Closes what is idle to nodes that serve no slot: a demoted master, or one that has left the Cluster."""
        for address, node in list(self._made.items()):
            if address in serving:
                continue
            if isinstance(node, Link):
                node.close_idle()
            else:
                await node.connection_pool.disconnect(inuse_connections=False)

    async def aclose(self) -> None:
        """Closes all connections."""
        for node in list(self._made.values()):
            await node.aclose()


class ClusterMap:
    """The master of each slot. While it is read again, what was known before can be used."""

    def __init__(self, store: StoreUrl, nodes: Nodes) -> None:
        self.nodes = nodes
        self._sharing = [nodes]
        self._store = store
        self._slots = SlotMap()
        self._doubtful = True
        self._known = False
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def owner(self, slot: int) -> Address:
        """Returns the master of a slot. Raises redis.exceptions.RedisError: none is known."""
        if self._doubtful:
            await self._look()
        owner = self._slots[slot]
        if owner is None:
            self._doubtful = True
            raise ClusterDownError("no node serves the slot")
        return owner

    def known_owner(self, slot: int) -> Address | None:
        """Returns the master of a slot as far as known, without asking."""
        return self._slots[slot]

    async def masters(self) -> list[Address]:
        """Lists all masters. Raises redis.exceptions.RedisError: none is known."""
        if self._doubtful:
            await self._look()
        return self._slots.masters()

    def share_with(self, nodes: Nodes) -> None:
        """Has what these nodes keep open follow the map too."""
        if nodes not in self._sharing:
            self._sharing.append(nodes)

    def learn(self, slot: int, owner: Address) -> None:
        """Takes over what one node said about one slot. The rest of the map is in doubt then."""
        self._slots.learn(slot, owner)
        self._doubtful = True

    def doubt(self) -> None:
        """Has the map read again before it is next used: a node did not do what it should."""
        self._doubtful = True

    async def refresh(self) -> None:
        """Returns when the map has been read again, or no node has answered."""
        if self._reading is None:
            self._begin_to_read()
        if self._reading is not None:
            with contextlib.suppress(RedisError):
                await asyncio.shield(self._reading)

    def close(self) -> None:
        """Ends a reading that is under way."""
        if self._reading is not None:
            self._reading.cancel()

    async def _look(self) -> None:
        """Has the map read. With one to go by meanwhile, it does not wait for the new one."""
        if self._reading is None and time.monotonic() > self._read_at + REFRESH_SECONDS:
            self._begin_to_read()
        if not self._known and self._reading is not None:
            await asyncio.shield(self._reading)

    def _begin_to_read(self) -> None:
        self._reading = asyncio.get_running_loop().create_task(self._read())
        self._reading.add_done_callback(self._was_read)

    def _was_read(self, task: asyncio.Task[None]) -> None:
        self._reading, self._read_at = None, time.monotonic()
        if not task.cancelled() and (problem := task.exception()):
            logger.throttled_warning("the map of the Cluster was not read", problem=str(problem)[:200])

    async def _read(self) -> None:
        problem: Exception | None = None
        for address in self._candidates():
            # Before the answer: what is doubted while it is under way may not be in it.
            self._doubtful = False
            try:
                async with asyncio.timeout(MAP_SECONDS):
                    reply = await self.nodes[address].execute_command("CLUSTER", "SLOTS")
            except (RedisError, OSError) as raised:
                problem = raised
                continue
            if reply:
                self._slots.replace(reply, asked=address)
                self._known = True
                for nodes in self._sharing:
                    await nodes.disconnect_others(self._slots.masters())
                return
        self._doubtful = True
        raise ClusterDownError(f"no node of the Cluster answers: {problem}") from problem

    def _candidates(self) -> Iterator[Address]:
        """Lists the masters known, in an order of chance, then the nodes of the address."""
        masters = self._slots.masters()
        yield from random.sample(masters, len(masters))
        yield from (address for address in self._store.addresses if address not in masters)
