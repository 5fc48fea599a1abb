"""Whether Redis is configured so that an acknowledged registration survives a crash."""

from __future__ import annotations

from typing import Any

import redis

from omnify.common.redis_nodes import is_cluster, on_each_master

_WANTED = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
_ON_CLUSTER = {"cluster-require-full-coverage": "no"}


def durability_problems(client: redis.Redis) -> list[str]:
    """Finds the settings under which an acknowledged registration could be lost, one sentence each, of every master.

    A node of a Cluster must also not refuse all events because another node is away. A managed server may forbid
    CONFIG: that is a problem too, since the settings cannot be checked then. Raises redis.exceptions.RedisError.
    """
    wanted = {**_WANTED, **_ON_CLUSTER} if is_cluster(client) else _WANTED
    return on_each_master(client, lambda master: _problems(master, wanted))


def _problems(client: redis.Redis, wanted: dict[str, str]) -> list[str]:
    try:
        found: dict[str, Any] = {}
        for name in wanted:
            reply: Any = client.config_get(name)
            found.update(reply)
    except redis.ResponseError:
        return ["the server does not let its configuration be read"]
    return [
        f"{name} is {found.get(name)!r}, not {value!r}" for name, value in wanted.items() if found.get(name) != value
    ]
