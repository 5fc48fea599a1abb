"""Whether the replicas of Redis can keep what `QUEUE_REPLICAS` promises: enough of them, and each on disk.

They are asked at the addresses that the primary names, with the credentials of `REDIS_URL`.
"""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from events.admission.durability import durability_problems
from omnify.common.redis_nodes import on_each_master

_CREDENTIALS = ("username", "password", "socket_timeout", "socket_connect_timeout")


def replica_problems(client: redis.Redis, replicas: int) -> list[str]:
    """Finds what stands against registrations that survive a failover, one sentence each; none with 0 replicas.

    Raises redis.exceptions.RedisError.
    """
    return on_each_master(client, lambda master: _problems(master, replicas)) if replicas else []


def _problems(client: redis.Redis, replicas: int) -> list[str]:
    state: Any = client.info("replication")
    connected = [found for name, found in state.items() if name.startswith("slave") and isinstance(found, dict)]
    online = [found for found in connected if found["state"] == "online"]
    problems = []
    if len(online) < replicas:
        problems.append(f"QUEUE_REPLICAS is {replicas}, and {len(online)} replicas are connected: all get 503")
    return [
        *problems,
        *_primary_problems(client, replicas),
        *(p for found in online for p in _problems_of(client, found)),
    ]


def _primary_problems(client: redis.Redis, replicas: int) -> list[str]:
    name = "min-replicas-to-write"
    try:
        found: Any = client.config_get(name)
    except redis.ResponseError:
        return []  # `durability_problems` says so already
    if int(found.get(name, 0)) >= replicas:
        return []
    return [f"{name} is {found.get(name)}, not {replicas}: a primary that is cut off goes on taking commands"]


def _problems_of(client: redis.Redis, found: dict[str, Any]) -> list[str]:
    """Asks one replica for its settings."""
    options = client.connection_pool.connection_kwargs
    replica = redis.Redis(
        host=found["ip"],
        port=int(found["port"]),
        retry=Retry(NoBackoff(), 0),
        ssl=issubclass(client.connection_pool.connection_class, redis.SSLConnection),
        **{name: options[name] for name in _CREDENTIALS if name in options},
    )
    where = f"replica {found['ip']}:{found['port']}"
    try:
        return [f"{where}: {sentence}" for sentence in durability_problems(replica)]
    except (redis.RedisError, OSError) as problem:
        return [f"{where} was not checked: {type(problem).__name__}"]
    finally:
        replica.close()
