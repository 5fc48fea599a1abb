"""One connection of a link (`events.admission.link`): flights of commands, and the replies in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import hiredis
from redis.exceptions import ConnectionError, ReadOnlyError, RedisError, TimeoutError

from events.admission.error_replies import error_of
from omnify.common.redis_client import REPLY_TIMEOUT_SECONDS


class Connection(asyncio.Protocol):
    """One connection of a link. Replies come in the order of the commands."""

    def __init__(self) -> None:
        self.is_lost = False
        # Events that were compared with the ledger, while the server itself is not, and whether it is known to be a
        # primary (`compared_servers`).
        self.compared: set[int] | None = None
        self.to_primary = False
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._reader = hiredis.Reader(replyError=error_of)
        self._queued: list[bytes] = []
        # Every call that waits for its reply, with the moment at which it is too late.
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._in_flight = 0
        self._sending: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no call waits for its reply."""
        return not self._waiting

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

    def ask_for_import(self) -> None:
        """Has the next command served though the slot of its key is on its way here (`ASKING`)."""
        self.ask(("ASKING",)).add_done_callback(_ignore)

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
