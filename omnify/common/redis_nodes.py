"""What differs where the queue's store is a Cluster, for code that is the same for one server otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis
from redis.exceptions import RedisError, ResponseError

from omnify.common.redis_cluster import ClusterClient
from omnify.common.redis_slots import slot_of

Item = TypeVar("Item")


def is_cluster(client: redis.Redis) -> bool:
    """Tells whether the client is one of a Cluster."""
    return isinstance(client, ClusterClient)


def masters(client: redis.Redis) -> dict[str, redis.Redis]:
    """Returns a client for each master by `host:port`, or the one server's by an empty name.

    Raises redis.exceptions.RedisError: no node of the Cluster answers.
    """
    return client.topology.masters() if isinstance(client, ClusterClient) else {"": client}


def on_each_master(client: redis.Redis, find: Callable[[redis.Redis], list[str]]) -> list[str]:
    """Collects sentences about each master, with its name in front where there are several.

    Raises redis.exceptions.RedisError.
    """
    return [
        f"{name}: {sentence}" if name else sentence
        for name, master in masters(client).items()
        for sentence in find(master)
    ]


def replication_ids(client: redis.Redis) -> set[str]:
    """Returns the replication id of each master that answers. A server has a new one when it has started, or taken over
    from another: what was written before, it may lack.

    Empty where the user may not ask for it. Raises redis.exceptions.RedisError: none answers.
    """
    found: list[str] = []
    problems: list[RedisError] = []
    for master in masters(client).values():
        try:
            replication: Any = master.info("replication")
            found.append(replication.get("master_replid", ""))
        except ResponseError:
            found.append("")
        except RedisError as problem:
            problems.append(problem)
    if problems and not found:
        raise problems[0]
    return {server for server in found if server}


def by_node(client: redis.Redis, items: Sequence[Item], key: Callable[[Item], str]) -> list[list[Item]]:
    """Groups items by the node that serves `key(item)`, so that a node that is away holds up its own items alone."""
    if not isinstance(client, ClusterClient):
        return [list(items)] if items else []
    groups: dict[object, list[Item]] = {}
    for item in items:
        try:
            name: object = client.topology.owner(slot_of(key(item)))
        except RedisError:
            name = None
        groups.setdefault(name, []).append(item)
    return list(groups.values())
