"""News of watched events on a Redis Cluster: sharded pub/sub, through a connection to each master that is of interest.

An event's channel has the slot of its keys, and only the slot's node has its news. When the slot moves, the node ends
the subscription (`sunsubscribe`); when the node dies, the connection breaks. In either case the map is read again, and
the event is subscribed to where its slot is now.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from events.admission.cluster_map import ClusterMap
from events.admission.news import News, NewsUnavailable, channel, event_id_of
from omnify.common.redis_slots import slot_of
from omnify.common.redis_urls import Address

REROUTE_SECONDS = 0.2
PASSES = 10


class ClusterNews:
    """Subscriptions to events, wherever their slots are. It has the methods of `News`."""

    def __init__(
        self,
        cluster: ClusterMap,
        connect: Callable[[Address], redis.asyncio.Redis],
        *,
        on_change: Callable[[int, list[str]], None],
        on_subscribed: Callable[[int], None],
    ) -> None:
        self._map = cluster
        self._connect = connect
        self._on_change = on_change
        self._on_subscribed = on_subscribed
        self._shards: dict[Address, _ShardNews] = {}
        self._homes: dict[int, Address] = {}  # event -> where it is subscribed to
        # Events that have left their home -> for how many passes a map that names the same home is not believed.
        self._patience: Counter[int] = Counter()
        self._doubtful = False
        self._rerouting: asyncio.Task[None] | None = None

    async def subscribe(self, event_id: int) -> None:
        """Returns once every later change of the event's tickets will be reported. Raises NewsUnavailable."""
        home = self._homes.get(event_id) or await self._home(event_id)
        home = self._homes.setdefault(event_id, home)
        await self._shard(home).subscribe(event_id)

    async def unsubscribe(self, event_id: int) -> None:
        """Ends the subscription to the event."""
        self._patience.pop(event_id, None)
        home = self._homes.pop(event_id, None)
        if home is not None:
            await self._shard(home).unsubscribe(event_id)

    async def close(self) -> None:
        """Ends all connections."""
        self._homes.clear()
        if self._rerouting is not None:
            self._rerouting.cancel()
        for shard in self._shards.values():
            await shard.close()

    async def _home(self, event_id: int) -> Address:
        try:
            return await self._map.owner(slot_of(channel(event_id)))
        except RedisError as problem:
            raise NewsUnavailable from problem

    def _shard(self, home: Address) -> _ShardNews:
        found = self._shards.get(home)
        if found is None:
            found = self._shards[home] = _ShardNews(
                self._connect(home),
                on_change=self._on_change,
                on_subscribed=self._on_subscribed,
                on_doubt=self._reroute_soon,
                on_moved=self._moved,
            )
        return found

    def _moved(self, event_id: int) -> None:
        """Notes that its node does not have the event any more."""
        self._patience[event_id] = PASSES
        self._reroute_soon()

    def _reroute_soon(self) -> None:
        self._doubtful = True
        if self._rerouting is None:
            self._rerouting = asyncio.get_running_loop().create_task(self._reroute())

    async def _reroute(self) -> None:
        """Subscribes each event where its slot is now, until there is no doubt left."""
        try:
            while self._doubtful and self._homes:
                self._doubtful = False
                await self._map.refresh()
                for event_id in list(self._homes):
                    with contextlib.suppress(NewsUnavailable):
                        await self._settle(event_id, await self._home(event_id))
                await asyncio.sleep(REROUTE_SECONDS)
        finally:
            self._rerouting = None

    async def _settle(self, event_id: int, home: Address) -> None:
        old = self._homes.get(event_id)
        if old is None:
            return
        if home != old:
            self._homes[event_id] = home
            await self._shard(old).unsubscribe(event_id)
        elif self._patience[event_id] > 0:
            # The node that gave the map may not have heard of the move yet, and to ask the old home for the event would
            # break its connection.
            self._patience[event_id] -= 1
            self._doubtful = True
            return
        self._patience.pop(event_id, None)
        if event_id in self._homes:
            await self._shard(home).want(event_id)


class _ShardNews(News):
    """News of the events of one node. It calls `on_doubt` when its connection breaks, and `on_moved(event_id)` when the
    node has ended a subscription."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        on_doubt: Callable[[], None],
        on_moved: Callable[[int], None],
        **callbacks: Any,
    ) -> None:
        super().__init__(client, **callbacks)
        self._on_doubt = on_doubt
        self._on_moved = on_moved
        self._leaving: Counter[int] = Counter()  # unsubscribed, and the node has not confirmed it yet

    async def close(self) -> None:
        """Ends the connection."""
        await super().close()
        await self._client.aclose()

    async def _join(self, pubsub: PubSub, event_ids: Collection[int]) -> None:
        # One by one: the channels of one command must have one slot.
        for event_id in event_ids:
            await pubsub.ssubscribe(channel(event_id))

    async def _leave(self, pubsub: PubSub, event_ids: Collection[int]) -> None:
        for event_id in event_ids:
            self._leaving[event_id] += 1
            await pubsub.sunsubscribe(channel(event_id))

    async def _one_connection(self) -> bool:
        self._leaving.clear()
        received = await super()._one_connection()
        if self._wanted:
            self._on_doubt()
        return received

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "smessage":
            self._on_change(event_id_of(message), message["data"].decode().split())
        elif kind == "ssubscribe":
            self._confirm(event_id_of(message))
        elif kind == "sunsubscribe":
            self._ended(event_id_of(message))

    def _ended(self, event_id: int) -> None:
        if self._leaving[event_id] > 0:
            self._leaving[event_id] -= 1
        elif self._wanted.pop(event_id, None) is not None:
            # The node does not have it any more. To ask it again would break the connection of all other events.
            self._subscribed.discard(event_id)
            self._live.discard(event_id)
            self._on_moved(event_id)
