"""Checks that Redis does not log the arguments of commands, which contain names and addresses."""

from __future__ import annotations

from typing import Any

import redis

from omnify.common.redis_nodes import on_each_master

# The slow log, and the other logs of Valkey 8.1. A server without one of them has nothing to turn off.
_KEEPS_ARGUMENTS = ("slowlog-log-slower-than", "commandlog-request-larger-than", "commandlog-reply-larger-than")


def logging_problems(client: redis.Redis) -> list[str]:
    """Finds the settings under which commands are logged, one sentence each, of every master.

    Raises redis.exceptions.RedisError.
    """
    return on_each_master(client, _problems)


def _problems(client: redis.Redis) -> list[str]:
    try:
        found: dict[str, Any] = {}
        for name in (*_KEEPS_ARGUMENTS, "hide-user-data-from-log"):
            reply: Any = client.config_get(name)
            found.update(reply)
    except redis.ResponseError:
        return ["the server does not let its configuration be read"]
    problems = [f"{name} is {found[name]!r}, not '-1'" for name in _KEEPS_ARGUMENTS if int(found.get(name, -1)) >= 0]
    if found.get("hide-user-data-from-log") == "no":
        problems.append("hide-user-data-from-log is 'no', not 'yes'")
    return problems
