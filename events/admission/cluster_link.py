"""The door's connections to a Redis Cluster: a link to each node, so that events of one node share its flights.

redis-py's asyncio client of a Cluster makes a connection for each call in flight: on the same Cluster it did a quarter
of the calls of these links, at ten times their CPU. A node that answers MOVED, ASK or TRYAGAIN has not executed the
command, so it is sent again; after any other failure it may have been executed, and is not.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    RedisError,
    TimeoutError,
    TryAgainError,
)

from events.admission.cluster_map import ClusterMap, Node, Nodes
from events.admission.link import Link, OnConnected
from omnify.common.redis_cluster import PAUSES
from omnify.common.redis_slots import slot_of_command
from omnify.common.redis_urls import Address


class Send(Protocol):
    """How a command is sent to one node."""

    async def __call__(self, node: Node, args: tuple[Any, ...], /, *, asking: bool) -> Any:
        """Sends it and returns the reply."""


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
        return await self.execute_by(self.send, args)

    async def execute_by(self, send: Send, args: tuple[Any, ...]) -> Any:
        """Does the same with `send(node, args, asking=)`, which is called for each node that it is sent to."""
        slot = slot_of_command(args)
        if slot is None:
            raise RedisError(f"{args[0]} has no key: the nodes of a Cluster are asked one by one")
        asked: Address | None = None
        for pause in PAUSES:
            address = asked or await self._map.owner(slot)
            try:
                return await send(self._nodes[address], args, asking=asked is not None)
            except MovedError as moved:
                asked = None
                self._leave(address)
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

    @staticmethod
    async def send(node: Node, args: tuple[Any, ...], *, asking: bool = False) -> Any:
        """Sends a command to one node; `asking`: its slot is on its way there."""
        if not asking:
            return await node.execute_command(*args)
        if not isinstance(node, Link):
            raise TryAgainError("this client sends no ASKING")
        return await node.execute_asking(*args)

    def _leave(self, address: Address) -> None:
        """Closes what is idle to a node that has sent a call away. It may have been demoted; if it is promoted again,
        that is seen by a new connection."""
        node = self._nodes[address]
        if isinstance(node, Link):
            node.close_idle()

    async def aclose(self) -> None:
        """Closes all connections."""
        self._map.close()
        await self._nodes.aclose()
