"""The door's connections to a Redis Cluster: a link to each node, so that events of one node share its flights.

redis-py's asyncio client of a Cluster makes a connection for each call in flight: on the same Cluster it did a quarter
of the calls of these links, at ten times their CPU. A node that answers MOVED, ASK or TRYAGAIN has not executed the
command, so it is sent again; after any other failure it may have been executed, and is not.
"""

from __future__ import annotations

import asyncio
from typing import Any

from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    RedisError,
    TimeoutError,
    TryAgainError,
)

from events.admission.cluster_map import ClusterMap, Nodes
from events.admission.link import OnConnected
from omnify.common.redis_cluster import PAUSES
from omnify.common.redis_slots import slot_of_command
from omnify.common.redis_urls import Address


class ClusterLink:
    """Sends each command to the node of its key. It has the one method of a redis-py client that scripts use.

    Several links may share a map. A node without `execute_asking` (a redis-py client) waits out an ASK.
    """

    def __init__(self, cluster: ClusterMap, nodes: Nodes) -> None:
        self._map = cluster
        self._nodes = nodes
        cluster.share_with(nodes)

    @property
    def on_connected(self) -> OnConnected | None:
        """What is called with each new connection to a node before any other call uses it."""
        return self._nodes.on_connected

    @on_connected.setter
    def on_connected(self, hook: OnConnected) -> None:
        self._nodes.on_connected = hook

    async def execute_command(self, *args: Any) -> Any:
        """Sends a command and returns its reply. Raises redis.exceptions.RedisError, OSError."""
        slot = slot_of_command(args)
        if slot is None:
            raise RedisError(f"{args[0]} has no key: the nodes of a Cluster are asked one by one")
        asked: Address | None = None
        for pause in PAUSES:
            address = asked or await self._map.owner(slot)
            try:
                if asked is None:
                    return await self._nodes[address].execute_command(*args)
                return await self._execute_asking(address, args)
            except MovedError as moved:
                asked = None
                self._map.learn(slot, (moved.host or address[0], moved.port))
            except AskError as ask:
                asked = (ask.host or address[0], ask.port)
            except TryAgainError:
                asked = None
            except (ConnectionError, TimeoutError, ClusterDownError, OSError):
                self._map.doubt()
                raise
            await asyncio.sleep(pause)
        raise ClusterDownError("the slot's keys are on their way to another node")

    async def _execute_asking(self, address: Address, args: tuple[Any, ...]) -> Any:
        execute = getattr(self._nodes[address], "execute_asking", None)
        if execute is None:
            raise TryAgainError("this client sends no ASKING")
        return await execute(*args)

    async def aclose(self) -> None:
        """Closes all connections."""
        self._map.close()
        await self._nodes.aclose()
