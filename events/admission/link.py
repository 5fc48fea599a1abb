"""One connection to Redis for the script calls of a process's event loop, without the machinery of a client around it.

Calls are flights: what is asked while a flight is in the air leaves together in the next one, in order. So fifty busy
events at once cost as many system calls, and as many fsyncs of Redis, as one. Nothing is sent twice. A connection that
breaks, or does not answer in time, fails every call that waits for it; the next call makes a new one.
"""

from __future__ import annotations

import asyncio
import builtins
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import hiredis
from redis.asyncio.connection import parse_url
from redis.exceptions import ConnectionError, ReadOnlyError, RedisError, TimeoutError

from events.admission.error_replies import error_of
from omnify.common.redis_client import CONNECT_TIMEOUT_SECONDS, REPLY_TIMEOUT_SECONDS
from omnify.common.redis_sentinel import check_role, find_master
from omnify.common.redis_tls import shared, tls_of
from omnify.common.redis_urls import Layout, read_store_url

# What an address may say, with `ssl_…` besides for TLS. For anything else (a Unix socket, options) a redis-py client
# does it all.
_KNOWN_OPTIONS = {"host", "port", "db", "username", "password"}

OnConnected = Callable[["Connection"], Awaitable[None]]


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
        # Called with each new connection before any other call uses it.
        self.on_connected: OnConnected | None = None

    async def execute_command(self, *args: Any) -> Any:
        """Sends a command and returns its reply. Raises redis.exceptions.RedisError, OSError."""
        connection = self._connection
        if connection is None or connection.is_lost:
            connection = await self._connect()
        return await connection.ask(args)

    async def execute_asking(self, *args: Any) -> Any:
        """Sends a command to a node of a Cluster that another one has named (ASK): its slot is on its way there."""
        connection = self._connection
        if connection is None or connection.is_lost:
            connection = await self._connect()
        connection.ask(("ASKING",)).add_done_callback(_ignore)
        return await connection.ask(args)

    async def aclose(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()

    async def _connect(self) -> Connection:
        """Returns the new connection, which all that ask for it meanwhile share."""
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._open())
            self._connecting.add_done_callback(self._connected)
        # A client that disconnects must not break the connection of all others.
        return await asyncio.shield(self._connecting)

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


class Connection(asyncio.Protocol):
    """One connection of a link. Replies come in the order of the commands."""

    def __init__(self) -> None:
        self.is_lost = False
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._reader = hiredis.Reader(replyError=error_of)
        self._queued: list[bytes] = []
        # Every call that waits for its reply, with the moment at which it is too late.
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._in_flight = 0
        self._sending: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Keeps the transport. uvloop's transports are no subclass of asyncio's."""
        self._transport = transport

    def ask(self, args: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Returns the reply to come."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self.is_lost:
            future.set_exception(ConnectionError("the connection to Redis is lost"))
            return future
        due = self._loop.time() + REPLY_TIMEOUT_SECONDS
        self._waiting.append((future, due))
        self._queued.append(hiredis.pack_command(args))
        if not self._in_flight and self._sending is None:
            # At the end of this turn of the loop: other events' calls of the same turn go along.
            self._sending = self._loop.call_soon(self._send)
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._check_time)
        return future

    async def execute_command(self, *args: Any) -> Any:
        """Sends a command on this connection alone, and returns its reply. Raises as `Link.execute_command` does."""
        return await self.ask(args)

    def close(self) -> None:
        """Closes it; what waits fails."""
        self._fail(ConnectionError("closed"))

    def _send(self) -> None:
        self._sending = None
        queued, self._queued = self._queued, []
        if queued and not self.is_lost:
            self._in_flight = len(queued)
            self._transport.write(queued[0] if len(queued) == 1 else b"".join(queued))

    def data_received(self, data: bytes) -> None:
        """Hands complete replies to their callers."""
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._in_flight -= 1
                self._answer(reply)
        except (hiredis.HiredisError, IndexError) as problem:
            self._fail(ConnectionError(f"not a reply of Redis: {type(problem).__name__}"))
            return
        if not self._in_flight and self._queued:
            self._send()

    def _answer(self, reply: Any) -> None:
        future, _ = self._waiting.popleft()
        if future.done():
            return
        if isinstance(reply, RedisError):
            future.set_exception(reply)
            if isinstance(reply, ReadOnlyError):
                # A master that has been demoted. The next connection is to its successor.
                self._fail(reply)
        else:
            future.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends what still waits for a reply."""
        self._fail(ConnectionError("the connection to Redis is lost"))

    def _check_time(self) -> None:
        self._timer = None
        if not self._waiting:
            return
        due = self._waiting[0][1]
        if due <= self._loop.time():
            self._fail(TimeoutError("Redis did not answer in time"))
        else:
            self._timer = self._loop.call_at(due, self._check_time)

    def _fail(self, problem: RedisError) -> None:
        self.is_lost = True
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting = self._waiting, deque()
        for future, _ in waiting:
            if not future.done():
                future.set_exception(problem)
        self._transport.abort()


def _ignore(future: asyncio.Future[Any]) -> None:
    """Takes note of how a call ended whose reply is of no interest. asyncio would warn of an error never looked at."""
    if not future.cancelled():
        future.exception()
