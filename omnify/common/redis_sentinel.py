"""Clients of the master that Sentinels name. Each new connection asks them, and checks that the server is a master.

A Sentinel that is cut off from the others may still name a server that has been demoted. What a client then wrote there
would be refused (READONLY), and what it read would be old.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import redis
import redis.asyncio.sentinel
import redis.sentinel
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.exceptions import ConnectionError, RedisError
from redis.retry import Retry

from omnify.common.redis_tls import share_contexts
from omnify.common.redis_urls import Address, StoreUrl

# A Sentinel that hangs must not keep the next one from being asked.
SENTINEL_SECONDS = 1.0


class MasterClient(redis.Redis):
    """A blocking client of the master. It closes its connections to the Sentinels too."""

    def close(self) -> None:
        """Closes all connections."""
        super().close()
        self.connection_pool.sentinel_manager.close()  # type: ignore[attr-defined]


class AsyncMasterClient(redis.asyncio.Redis):
    """The same for an event loop."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Closes all connections."""
        await super().aclose(close_connection_pool)
        for sentinel in self.connection_pool.sentinel_manager.sentinels:  # type: ignore[attr-defined]
            await sentinel.aclose()


class NotMaster(ConnectionError):
    """The server that was named as the master is none."""


def master_client(store: StoreUrl, **options: Any) -> redis.Redis:
    """Returns a blocking client of the master. `options` are those of a connection to it."""
    own = {"retry": Retry(NoBackoff(), 0), **_sentinel_options(store)}
    sentinels = redis.sentinel.Sentinel(store.addresses, sentinel_kwargs=own)  # type: ignore[no-untyped-call]
    client: redis.Redis = sentinels.master_for(  # type: ignore[no-untyped-call]
        store.service, MasterClient, redis_connect_func=_check_role, **_server_options(store), **options
    )
    return client


def master_client_async(store: StoreUrl, **options: Any) -> redis.asyncio.Redis:
    """Returns a client of the master for an event loop."""
    own = {"retry": AsyncRetry(NoBackoff(), 0), **_sentinel_options(store)}
    sentinels = redis.asyncio.sentinel.Sentinel(  # type: ignore[no-untyped-call]
        store.addresses, sentinel_kwargs=own
    )
    client: redis.asyncio.Redis = sentinels.master_for(
        store.service, AsyncMasterClient, redis_connect_func=_check_role_async, **_server_options(store), **options
    )
    return client


async def find_master(store: StoreUrl) -> Address:
    """Asks all Sentinels at once for the master's address, and returns what most of them say.

    Raises redis.exceptions.RedisError: none of them names one.
    """
    asking = [asyncio.get_running_loop().create_task(_name_master(store, address)) for address in store.addresses]
    # Those that answer late close their connections themselves.
    _asking.update(asking)
    votes: Counter[Address] = Counter()
    problem: Exception | None = None
    for answer in asyncio.as_completed(asking):
        named = await answer
        if isinstance(named, Exception):
            problem = named
        elif named is not None:
            votes[named] += 1
        if votes and max(votes.values()) > len(asking) / 2:
            break
    _asking.difference_update([task for task in _asking if task.done()])
    if not votes:
        raise ConnectionError("no Sentinel names a master" + (f": {problem}" if problem else "")) from problem
    return votes.most_common(1)[0][0]


_asking: set[asyncio.Task[Address | Exception | None]] = set()


async def _name_master(store: StoreUrl, sentinel: Address) -> Address | Exception | None:
    """Asks one Sentinel. Returns None if it does not know the service, and why if it does not answer."""
    client = share_contexts(
        redis.asyncio.Redis.from_url(
            store.sentinel_url(sentinel),
            socket_timeout=SENTINEL_SECONDS,
            socket_connect_timeout=SENTINEL_SECONDS,
            retry=AsyncRetry(NoBackoff(), 0),
            protocol=2,
        )
    )
    try:
        async with client:
            found: Any = await client.execute_command(  # type: ignore[no-untyped-call]
                "SENTINEL", "GET-MASTER-ADDR-BY-NAME", store.service
            )
    except (RedisError, OSError) as problem:
        return problem
    return (found[0].decode(), int(found[1])) if found else None


def check_role(reply: Any) -> None:
    """Checks a reply to ROLE. Raises NotMaster."""
    if not reply or reply[0] != b"master":
        raise NotMaster("the server that the Sentinels name is no master")


def _server_options(store: StoreUrl) -> dict[str, Any]:
    return _options(store.server_url(store.addresses[0]))


def _sentinel_options(store: StoreUrl) -> dict[str, Any]:
    limits = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    return {**_options(store.sentinel_url(store.addresses[0])), **limits}


def _options(url: str) -> dict[str, Any]:
    """Returns the options in a URL, without the address."""
    options: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
    for name in ("host", "port"):
        options.pop(name, None)
    if options.pop("connection_class", None) is not None:
        options["ssl"] = True
    return options


def _check_role(connection: Any) -> None:
    connection.on_connect()
    connection.send_command("ROLE")
    check_role(connection.read_response())


async def _check_role_async(connection: Any) -> None:
    await connection.on_connect()
    await connection.send_command("ROLE")
    check_role(await connection.read_response())
