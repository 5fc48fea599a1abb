"""News of watched events, as publish.lua and mark_lost.lua send them: on the event loop, through one connection for the
whole process.

The events wanted (`subscribe`, `unsubscribe`) and those the connection is subscribed to are two sets; `_settle` brings
the second in line with the first. A broken connection is replaced for as long as any event is wanted. What was sent
meanwhile is lost, so every confirmed subscription, the first and any later one, is reported to `on_subscribed`: to read
the watched tickets then leaves no change unseen.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Collection
from typing import Any, Protocol

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from events.admission import keys as k
from omnify.common.logs import get_logger
from omnify.common.redis_client import REPLY_TIMEOUT_SECONDS

logger = get_logger(__name__)

# A connection that has been silent this long is sent a PING, and closed after as long again.
QUIET_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


class NewsUnavailable(Exception):
    """Redis does not confirm the subscription to the event's news."""


class Subscriptions(Protocol):
    """What delivers news of the events that are subscribed to: `News`, or that of a Cluster."""

    async def subscribe(self, event_id: int) -> None:
        """Returns once every later change of the event's tickets will be reported. Raises NewsUnavailable."""

    async def unsubscribe(self, event_id: int) -> None:
        """Ends the subscription to the event."""

    async def close(self) -> None:
        """Ends every connection."""


class News:
    """Subscriptions to events. `on_change(event_id, keys)` gets the tickets of each message, `on_subscribed(event_id)`
    every confirmed subscription; neither may raise or block."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        on_change: Callable[[int, list[str]], None],
        on_subscribed: Callable[[int], None],
    ) -> None:
        self._client = client
        self._on_change = on_change
        self._on_subscribed = on_subscribed
        self._wanted: dict[int, asyncio.Event] = {}  # event -> its subscription is confirmed
        self._subscribed: set[int] = set()  # requested on this connection
        self._live: set[int] = set()  # confirmed on this connection
        self._pubsub: PubSub | None = None
        self._settling = asyncio.Lock()
        self._listener: asyncio.Task[None] | None = None

    async def subscribe(self, event_id: int) -> None:
        """Returns once every later change of the event's tickets will be reported. Raises NewsUnavailable."""
        confirmed = self._wanted.get(event_id) or await self.want(event_id)
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_SECONDS):
                await confirmed.wait()
        except TimeoutError:
            raise NewsUnavailable from None

    async def want(self, event_id: int) -> asyncio.Event:
        """Begins to subscribe. The event returned is set for as long as the subscription is confirmed."""
        confirmed = self._wanted.setdefault(event_id, asyncio.Event())
        if event_id in self._live:
            # Unsubscribed a moment ago, and the connection is still subscribed.
            confirmed.set()
        if self._listener is None:
            self._listener = asyncio.get_running_loop().create_task(self._listen())
        await self._try_to_settle()
        return confirmed

    async def unsubscribe(self, event_id: int) -> None:
        """Ends the subscription to the event."""
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
        # If this fails the connection is broken: the listener notices too, and subscribes to all wanted events anew.
        with contextlib.suppress(RedisError, OSError):
            await self._settle()

    async def _settle(self) -> None:
        async with self._settling:
            pubsub, wanted = self._pubsub, self._wanted.keys()
            if pubsub is None or wanted == self._subscribed:
                return
            if gone := self._subscribed - wanted:
                self._live -= gone
                await self._leave(pubsub, gone)
                self._subscribed -= gone
            if new := wanted - self._subscribed:
                await self._join(pubsub, new)
                self._subscribed |= new

    async def _join(self, pubsub: PubSub, event_ids: Collection[int]) -> None:
        await pubsub.subscribe(*map(channel, event_ids))

    async def _leave(self, pubsub: PubSub, event_ids: Collection[int]) -> None:
        await pubsub.unsubscribe(*map(channel, event_ids))

    async def _listen(self) -> None:
        try:
            pause = FIRST_PAUSE_SECONDS
            while self._wanted:
                if await self._one_connection():
                    pause = FIRST_PAUSE_SECONDS
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret depends on it
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        finally:
            self._listener = None

    async def _one_connection(self) -> bool:
        """Listens on one connection until it breaks or no event is wanted. Returns whether it ever worked."""
        received = False
        try:
            async with self._client.pubsub() as pubsub:
                self._pubsub, self._subscribed = pubsub, set()
                asked = False
                while self._wanted:
                    await self._settle()
                    message = await self._next(pubsub)
                    if message is None and asked:
                        raise TimeoutError("no reply to PING")
                    if asked := message is None:
                        await pubsub.ping()
                    else:
                        received = True
                        self._take(message)
        except (RedisError, OSError, RuntimeError) as problem:
            # redis-py raises RuntimeError for a connection that was never made.
            logger.warning("news are interrupted", problem=type(problem).__name__)
        finally:
            self._pubsub = None
            self._live.clear()
            for confirmed in self._wanted.values():
                confirmed.clear()
        return received

    async def _next(self, pubsub: PubSub) -> dict[str, Any] | None:
        message: dict[str, Any] | None = await pubsub.get_message(timeout=QUIET_SECONDS)
        return message

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "message":
            self._on_change(event_id_of(message), message["data"].decode().split())
        elif kind == "subscribe":
            self._confirm(event_id_of(message))

    def _confirm(self, event_id: int) -> None:
        if event_id in self._wanted:
            self._live.add(event_id)
            self._wanted[event_id].set()
            self._on_subscribed(event_id)


def channel(event_id: int) -> str:
    """Returns the name of the channel on which an event's news are published."""
    return k.event_keys(event_id).news


def event_id_of(message: dict[str, Any]) -> int:
    """Returns the event that a message is about."""
    return k.event_of_channel(message["channel"].decode())
