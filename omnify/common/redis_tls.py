"""TLS with Redis on an event loop: connections with the same options share a context.

Making one reads the system's authorities. That takes 50 ms of CPU, in which the loop does nothing else, and redis-py
does it for each connection: a door that asked three Sentinels and then the master was busy for a fifth of a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis.asyncio
from redis.asyncio.connection import RedisSSLContext, SSLConnection

# By their options; with the moments at which their files were written, so that a certificate that is renewed counts.
_contexts: dict[str, tuple[list[int], RedisSSLContext]] = {}


class SharedTlsConnection(SSLConnection):
    """A connection of redis-py that shares its context."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context = shared(self.ssl_context)


def tls_of(options: dict[str, Any]) -> RedisSSLContext | None:
    """Returns what redis-py's options of an address say about TLS, or None for a plain connection."""
    if options.get("connection_class") is not SSLConnection:
        return None
    return SSLConnection(**{name: value for name, value in options.items() if name.startswith("ssl_")}).ssl_context


def shared(own: RedisSSLContext) -> RedisSSLContext:
    """Returns the context that all with the same options share. Raises OSError: a file is not there."""
    told = repr([getattr(own, name) for name in own.__slots__ if name != "context"])
    files = (own.keyfile, own.certfile, own.ca_certs, own.ca_path)
    written = [Path(path).stat().st_mtime_ns for path in files if path]
    known = _contexts.get(told)
    if known is None or known[0] != written:
        known = _contexts[told] = (written, own)
    return known[1]


def share_contexts(client: redis.asyncio.Redis) -> redis.asyncio.Redis:
    """Has the connections that a client makes share their contexts. Returns the client."""
    if client.connection_pool.connection_class is SSLConnection:
        client.connection_pool.connection_class = SharedTlsConnection
    return client
