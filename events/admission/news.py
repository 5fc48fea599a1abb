"""News of the events that somebody watches, as publish.lua and mark_lost.lua send them: on the event loop, through one
connection for the whole process.

What is wanted (`follow`, `leave`) and what the connection is subscribed to are two sets; `_settle` brings the second in
line with the first. A connection that breaks is taken up again for as long as anything is wanted. What was sent
meanwhile is gone, so every confirmed subscription, the first and any later one, is reported to `joined`: whoever reads
what it watches then has missed nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from events.admission import keys as k
from omnify.common.logs import get_logger
from omnify.common.redis_client import REPLY_TIMEOUT_SECONDS

logger = get_logger(__name__)

# A connection that has been silent this long is asked for a sign of life, and given up after as long again.
QUIET_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


class NewsUnavailable(Exception):
    """The event's news cannot be had now; Redis does not confirm the subscription."""


class News:
    """Subscriptions to events. `heard(event_id, keys)` gets the tickets of each message, `joined(event_id)` every
    confirmed subscription; neither may raise or block."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        heard: Callable[[int, list[str]], None],
        joined: Callable[[int], None],
    ) -> None:
        self._client = client
        self._heard = heard
        self._joined = joined
        self._wanted: dict[int, asyncio.Event] = {}  # event -> its subscription is confirmed
        self._subscribed: set[int] = set()  # asked for on this connection
        self._live: set[int] = set()  # confirmed on this connection, and not given up
        self._pubsub: PubSub | None = None
        self._settling = asyncio.Lock()
        self._listener: asyncio.Task[None] | None = None

    async def follow(self, event_id: int) -> None:
        """Returns when nothing that is said about the event from now on can be missed. Raises NewsUnavailable."""
        confirmed = self._wanted.get(event_id)
        if confirmed is None:
            confirmed = self._wanted[event_id] = asyncio.Event()
            if event_id in self._live:
                # Left a moment ago, and the subscription has not been given up yet.
                confirmed.set()
            if self._listener is None:
                self._listener = asyncio.get_running_loop().create_task(self._listen())
            await self._try_to_settle()
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_SECONDS):
                await confirmed.wait()
        except TimeoutError:
            raise NewsUnavailable from None

    async def leave(self, event_id: int) -> None:
        """Nobody is interested in the event any more."""
        self._wanted.pop(event_id, None)
        await self._try_to_settle()

    async def close(self) -> None:
        """Ends the connection."""
        self._wanted.clear()
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener

    async def _try_to_settle(self) -> None:
        # If this fails the connection is broken: the listener notices too, and begins anew with all that is wanted.
        with contextlib.suppress(RedisError, OSError):
            await self._settle()

    async def _settle(self) -> None:
        async with self._settling:
            pubsub, wanted = self._pubsub, self._wanted.keys()
            if pubsub is None or wanted == self._subscribed:
                return
            if gone := self._subscribed - wanted:
                self._live -= gone
                await pubsub.unsubscribe(*map(_channel, gone))
                self._subscribed -= gone
            if new := wanted - self._subscribed:
                await pubsub.subscribe(*map(_channel, new))
                self._subscribed |= new

    async def _listen(self) -> None:
        try:
            pause = FIRST_PAUSE_SECONDS
            while self._wanted:
                if await self._one_connection():
                    pause = FIRST_PAUSE_SECONDS
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - nothing secret hangs on it
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        finally:
            self._listener = None

    async def _one_connection(self) -> bool:
        """Listens on one connection until it breaks or nothing is wanted. Whether it ever worked."""
        heard_anything = False
        try:
            async with self._client.pubsub() as pubsub:
                self._pubsub, self._subscribed = pubsub, set()
                asked = False
                while self._wanted:
                    await self._settle()
                    message = await self._next(pubsub)
                    if message is None and asked:
                        raise TimeoutError("no sign of life")
                    if asked := message is None:
                        await pubsub.ping()
                    else:
                        heard_anything = True
                        self._take(message)
        except (RedisError, OSError, RuntimeError) as problem:
            # RuntimeError is redis-py's word for a connection that never came about.
            logger.warning("news are interrupted", problem=type(problem).__name__)
        finally:
            self._pubsub = None
            self._live.clear()
            for confirmed in self._wanted.values():
                confirmed.clear()
        return heard_anything

    async def _next(self, pubsub: PubSub) -> dict[str, Any] | None:
        message: dict[str, Any] | None = await pubsub.get_message(timeout=QUIET_SECONDS)
        return message

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "message":
            self._heard(_event_id(message), message["data"].decode().split())
        elif kind == "subscribe":
            event_id = _event_id(message)
            if event_id in self._wanted:
                self._live.add(event_id)
                self._wanted[event_id].set()
                self._joined(event_id)


def _channel(event_id: int) -> str:
    return k.event_keys(event_id).news


def _event_id(message: dict[str, Any]) -> int:
    return k.event_of_channel(message["channel"].decode())
