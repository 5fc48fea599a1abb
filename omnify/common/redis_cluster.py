"""A blocking client of a Redis Cluster, for the workers and the API: each command goes to the node of its key.

redis-py's own `RedisCluster` was tried and is not used: it sends commands of a pipeline again after a timeout, raises
errors that are no `RedisError`, and cannot be made while no node answers. Here nothing is sent twice but what a node
has refused to execute (MOVED, ASK, TRYAGAIN), and each command of a pipeline has its own result or error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import redis
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    RedisError,
    TimeoutError,
    TryAgainError,
)

from omnify.common.redis_cluster_pipeline import ClusterPipeline
from omnify.common.redis_slots import slot_of_command
from omnify.common.redis_topology import Topology
from omnify.common.redis_urls import Address, StoreUrl

# Pauses behind each refusal of a command, in seconds. While the keys of a slot are on their way from node to node, a
# script is refused by both until all have arrived.
PAUSES = (0.0, 0.0, 0.01, 0.01, 0.02, 0.02, 0.05, 0.05, 0.1, 0.1, 0.2, 0.2, 0.4, 0.4)
# Any node may answer these. All other commands without a key are for each of `masters`.
_ANY_NODE = {"PING", "TIME"}

Send = Callable[[redis.Redis, bool], Any]


class ClusterClient(redis.Redis):
    """A `redis.Redis` over all nodes of a Cluster. It connects when it is first used, and threads may share it."""

    def __init__(self, store: StoreUrl, connect: Callable[[str], redis.Redis]) -> None:
        super().__init__()  # its own pool is never used
        self.topology = Topology(store, connect)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Sends a command to the node of its key. Raises redis.exceptions.RedisError."""
        slot = slot_of_command(args)
        if slot is None:
            return self._execute_anywhere(args, options)

        def send(node: redis.Redis, asking: bool) -> Any:
            if not asking:
                return node.execute_command(*args, **options)  # type: ignore[no-untyped-call]
            pipe = node.pipeline(transaction=False)
            pipe.execute_command("ASKING")  # type: ignore[no-untyped-call]
            pipe.execute_command(*args, **options)  # type: ignore[no-untyped-call]
            return pipe.execute()[1]

        return self.follow(slot, send)

    def follow(self, slot: int, send: Send) -> Any:
        """Calls `send(node, asking)` with the slot's node, and again with each node that this redirects to."""
        asked: Address | None = None
        for pause in PAUSES:
            address = asked or self.topology.owner(slot)
            try:
                return send(self.topology.node_for_commands(address), asked is not None)
            except MovedError as moved:
                asked = None
                self.topology.learn(slot, (moved.host or address[0], moved.port))
            except AskError as ask:
                asked = (ask.host or address[0], ask.port)
            except TryAgainError:
                asked = None
            except (ConnectionError, TimeoutError, ClusterDownError) as problem:
                self.topology.doubt(address, problem)
                raise
            time.sleep(pause)
        raise ClusterDownError("the slot's keys are on their way to another node")

    def _execute_anywhere(self, args: Sequence[Any], options: dict[str, Any]) -> Any:
        if args[0].upper() not in _ANY_NODE:
            raise RedisError(f"{args[0]} has no key: the nodes of a Cluster are asked one by one")
        problem: RedisError = ClusterDownError("no node is known")
        for address in self.topology.owners():
            try:
                node = self.topology.node_for_commands(address)
                return node.execute_command(*args, **options)  # type: ignore[no-untyped-call]
            except RedisError as raised:
                problem = raised
                self.topology.doubt(address, raised)
        raise problem

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Any:
        """Returns a pipeline. With `transaction` the commands of each slot are a transaction of their own."""
        return ClusterPipeline(self, transaction=transaction)

    def close(self) -> None:
        """Closes all connections."""
        self.topology.close()
        super().close()
