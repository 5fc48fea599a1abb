"""Error replies of Redis as redis-py's exceptions, for the door's bare connection."""

from __future__ import annotations

from collections.abc import Callable

from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

# What callers tell apart. redis-py's errors are made of what stands behind the first word.
_ERRORS: dict[str, Callable[[str], ResponseError]] = {
    "NOSCRIPT": NoScriptError,
    "READONLY": ReadOnlyError,
    "MOVED": MovedError,
    "ASK": AskError,
    "TRYAGAIN": TryAgainError,
    "CLUSTERDOWN": ClusterDownError,
}


def error_of(text: str) -> RedisError:
    """Returns the exception for an error reply."""
    kind, _, rest = text.partition(" ")
    known = _ERRORS.get(kind)
    return ResponseError(text) if known is None else known(rest)
