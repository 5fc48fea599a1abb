"""Connections to the Redis that keeps the queue.

redis-py retries a command up to ten times by default, also a write whose reply was lost. An admission sent twice
would be counted twice, so neither client here retries, and both have short timeouts.
"""

from __future__ import annotations

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_TIMEOUT_SECONDS = 2.0
REPLY_TIMEOUT_SECONDS = 5.0
# An admission that Redis reads later than this after it was sent has no effect: the door is about to time out.
CALL_VALID_SECONDS = 4.0


def connect(url: str) -> redis.Redis:
    """Returns a blocking client for the workers and the API. Replies are bytes."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=REPLY_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        retry_on_timeout=False,
        protocol=2,
    )


def connect_async(url: str, *, max_connections: int = 32) -> redis.asyncio.Redis:
    """Returns a client for the door's event loop. Replies are bytes.

    Each busy event has one call in flight. With more than `max_connections` of them, calls wait for a connection.
    """
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        timeout=REPLY_TIMEOUT_SECONDS,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=REPLY_TIMEOUT_SECONDS,
        retry=AsyncRetry(NoBackoff(), 0),
        retry_on_timeout=False,
        protocol=2,
        max_connections=max_connections,
    )
    return redis.asyncio.Redis.from_pool(pool)
