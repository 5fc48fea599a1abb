"""Connections to the Redis that keeps the queue.

redis-py retries a command up to ten times by default, also a write whose reply was lost. An admission sent twice
would be counted twice, so no client here retries, and all have short timeouts.
"""

from __future__ import annotations

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from omnify.common.redis_cluster import ClusterClient
from omnify.common.redis_sentinel import master_client, master_client_async
from omnify.common.redis_tls import share_contexts
from omnify.common.redis_urls import Layout, read_store_url

CONNECT_TIMEOUT_SECONDS = 2.0
REPLY_TIMEOUT_SECONDS = 5.0
# An admission that Redis reads later than this after it was sent has no effect: the door is about to time out.
CALL_VALID_SECONDS = 4.0

_OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "socket_timeout": REPLY_TIMEOUT_SECONDS,
    "retry_on_timeout": False,
    "protocol": 2,
}


def connect(url: str) -> redis.Redis:
    """Returns a blocking client for the workers and the API. Replies are bytes. Raises ValueError for a bad address."""
    store = read_store_url(url)
    match store.layout:
        case Layout.CLUSTER:
            return ClusterClient(store, _connect_server)
        case Layout.SENTINEL:
            return master_client(store, retry=Retry(NoBackoff(), 0), **_OPTIONS)
        case Layout.ONE:
            return _connect_server(url)


def _connect_server(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **_OPTIONS)


def connect_async(url: str, *, max_connections: int = 32) -> redis.asyncio.Redis:
    """Returns a client for the door's event loop: of one server, or of the master that Sentinels name. For a Cluster
    there is one for each node (`events.admission.cluster_link`). Replies are bytes.

    Each busy event has one call in flight. With more than `max_connections` of them, calls wait for a connection.
    """
    store, retry = read_store_url(url), AsyncRetry(NoBackoff(), 0)
    if store.layout is Layout.SENTINEL:
        return master_client_async(store, retry=retry, **_OPTIONS)
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url, timeout=REPLY_TIMEOUT_SECONDS, retry=retry, max_connections=max_connections, **_OPTIONS
    )
    return share_contexts(redis.asyncio.Redis.from_pool(pool))
