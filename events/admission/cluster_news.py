"""News of watched events on a Redis Cluster: sharded pub/sub, through a connection to each master that is of interest.

An event's channel has the slot of its keys, and only the slot's node has its news. When the slot moves, the node ends
the subscription (`sunsubscribe`); when the node dies, the connection breaks. In either case the map is read again, and
the event is subscribed to where its slot is now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from events.admission.cluster_map import ClusterMap
from events.admission.news import News, NewsUnavailable, channel, event_id_of
from omnify.common.logs import get_logger
from omnify.common.redis_slots import slot_of
from omnify.common.redis_urls import Address

logger = get_logger(__name__)

REROUTE_SECONDS = 0.2


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
        self._rerouting: asyncio.Task[None] | None = None

    async def subscribe(self, event_id: int) -> None:
        """Returns once every later change of the event's tickets will be reported. Raises NewsUnavailable."""
        home = self._homes.get(event_id) or await self._home(event_id)
        home = self._homes.setdefault(event_id, home)
        await self._shard(home).subscribe(event_id)

    async def unsubscribe(self, event_id: int) -> None:
        """Ends the subscription to the event."""
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
            )
        return found

    def _reroute_soon(self) -> None:
        if self._rerouting is None and self._homes:
            self._rerouting = asyncio.get_running_loop().create_task(self._reroute())
            self._rerouting.add_done_callback(self._rerouted)

    def _rerouted(self, task: asyncio.Task[None]) -> None:
        self._rerouting = None

    async def _reroute(self) -> None:
        """Subscribes each event where its slot is now."""
        await self._map.refresh()
        # The map is read meanwhile, and no more often than this.
        await asyncio.sleep(REROUTE_SECONDS)
        for event_id, old in list(self._homes.items()):
            try:
                new = await self._home(event_id)
            except NewsUnavailable:
                continue
            if new != old and self._homes.get(event_id) == old:
                self._homes[event_id] = new
                await self._shard(old).unsubscribe(event_id)
            if event_id in self._homes:
                await self._shard(new).want(event_id)


class _ShardNews(News):
    """News of the events of one node. It calls `on_doubt` when an event may have moved to another one."""

    def __init__(self, client: redis.asyncio.Redis, *, on_doubt: Callable[[], None], **callbacks: Any) -> None:
        super().__init__(client, **callbacks)
        self._on_doubt = on_doubt

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
            await pubsub.sunsubscribe(channel(event_id))

    async def _one_connection(self) -> bool:
        received = await super()._one_connection()
        self._on_doubt()
        return received

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "smessage":
            self._on_change(event_id_of(message), message["data"].decode().split())
        elif kind == "ssubscribe":
            self._confirm(event_id_of(message))
        elif kind == "sunsubscribe" and event_id_of(message) in self._wanted:
            # The node does not have it any more. To ask it again would break the connection of all other events.
            event_id = event_id_of(message)
            del self._wanted[event_id]
            self._subscribed.discard(event_id)
            self._live.discard(event_id)
            self._on_doubt()
