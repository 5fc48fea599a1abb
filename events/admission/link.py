"""One connection to Redis for the script calls of a process's event loop, without the machinery of a client around it.

Calls are flights: what is asked while a flight is in the air leaves together in the next one, in order. So fifty busy
events at once cost as many system calls, and as many fsyncs of Redis, as one. Nothing is sent twice. A connection that
breaks, or does not answer in time, fails every call that waits for it; the next call makes a new one.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio.connection import parse_url
from redis.exceptions import ConnectionError, TimeoutError

from events.admission.connection import Connection
from omnify.common.redis_client import CONNECT_TIMEOUT_SECONDS
from omnify.common.redis_sentinel import check_role, find_master
from omnify.common.redis_tls import shared, tls_of
from omnify.common.redis_urls import Layout, read_store_url

# What an address may say, with `ssl_…` besides for TLS. For anything else (a Unix socket, options) a redis-py client
# does it all.
_KNOWN_OPTIONS = {"host", "port", "db", "username", "password"}

OnConnected = Callable[[Connection], Awaitable[None]]


def can_link(url: str) -> bool:
    """Tells whether a `Link` knows all that this address says. It is one server's, or names Sentinels."""
    store = read_store_url(url)
    if store.layout is Layout.SENTINEL:
        url = store.server_url(store.addresses[0])
    options = set(parse_url(url)) - _KNOWN_OPTIONS
    if url.startswith("rediss://"):
        return all(name == "connection_class" or name.startswith("ssl_") for name in options)
    return url.startswith("redis://") and not options


class Link:
    """A connection that is made when it is needed. It has the one method of a redis-py client that scripts use.

    Where the address names Sentinels, they are asked for the master each time that a connection is made.
    """

    def __init__(self, url: str) -> None:
        store = read_store_url(url)
        self._sentinels = store if store.layout is Layout.SENTINEL else None
        plain = store.server_url(store.addresses[0]) if self._sentinels else url
        self._options: dict[str, Any] = {"host": "localhost", "port": 6379, **parse_url(plain)}
        self._tls = tls_of(self._options)
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[Connection] | None = None
        self._closed = False
        # Called with each new connection before any other call uses it.
        self.on_connected: OnConnected | None = None

    @property
    def has_sentinels(self) -> bool:
        """Whether another server may take over, which Sentinels then name."""
        return self._sentinels is not None

    async def execute_command(self, *args: Any) -> Any:
        """Sends a command and returns its reply. Raises redis.exceptions.RedisError, OSError."""
        connection = self._connection
        if connection is None or connection.is_lost:
            connection = await self._connect()
        return await connection.ask(args)

    async def execute_asking(self, *args: Any) -> Any:
        """Sends a command to a node of a Cluster that another one has named (ASK): its slot is on its way there."""
        connection = await self.open()
        connection.ask_for_import()
        return await connection.ask(args)

    async def open(self) -> Connection:
        """Returns the connection, a new one if it is lost. Raises redis.exceptions.RedisError, OSError."""
        connection = self._connection
        return await self._connect() if connection is None or connection.is_lost else connection

    def close_idle(self) -> None:
        """Closes the connection unless a call waits for its reply. The next call makes a new one."""
        if self._connection is not None and self._connection.is_idle:
            self._connection.close()

    async def aclose(self) -> None:
        """Closes the connection, also one that is being made. From then on every call fails."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._connection is not None:
            self._connection.close()

    async def _connect(self) -> Connection:
        """Returns the new connection, which all that ask for it meanwhile share."""
        connecting = self._connecting
        if connecting is None:
            if self._closed:
                raise ConnectionError("closed")
            connecting = self._connecting = asyncio.get_running_loop().create_task(self._open())
            connecting.add_done_callback(self._connected)
        try:
            # A client that disconnects must not break the connection of all others.
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            if self._closed and connecting.cancelled():
                raise ConnectionError("closed") from None
            raise

    def _connected(self, task: asyncio.Task[Connection]) -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._connection = task.result()

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                host, port = await self._server()
                tls = shared(self._tls).get() if self._tls else None
                _, connection = await loop.create_connection(self._new_connection, host, port, ssl=tls)
                try:
                    await self._log_in(connection)
                    if self.on_connected is not None:
                        await self.on_connected(connection)
                except BaseException:
                    connection.close()
                    raise
                return connection
        except builtins.TimeoutError as problem:
            raise TimeoutError("no connection to Redis in time") from problem

    def _new_connection(self) -> Connection:
        return Connection()

    async def _server(self) -> tuple[str, int]:
        if self._sentinels is not None:
            return await find_master(self._sentinels)
        return self._options["host"], self._options["port"]

    async def _log_in(self, connection: Connection) -> None:
        options = self._options
        if options.get("password"):
            user = (options["username"],) if options.get("username") else ()
            await connection.ask(("AUTH", *user, options["password"]))
        if options.get("db"):
            await connection.ask(("SELECT", options["db"]))
        if self._sentinels is not None:
            check_role(await connection.ask(("ROLE",)))
