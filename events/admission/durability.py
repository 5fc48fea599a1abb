"""Whether Redis is configured so that an acknowledged registration survives a crash."""

from __future__ import annotations

from typing import Any

import redis


def durability_problems(client: redis.Redis) -> list[str]:
    """Finds the settings under which an acknowledged registration could be lost, one sentence each.

    A managed server may forbid CONFIG: that is a problem too, since the settings cannot be checked then. Raises
    redis.exceptions.RedisError.
    """
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
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
