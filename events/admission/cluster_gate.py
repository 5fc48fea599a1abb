"""The door's side of admission on a Redis Cluster: each event's calls go to the node that has its slot."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from events.admission import keys as k
from events.admission.cluster_link import ClusterLink
from events.admission.cluster_map import ClusterMap
from events.admission.cluster_news import ClusterNews
from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.news import Subscriptions
from events.admission.server_clock import ServerClock
from events.domain.listed import Listed
from omnify.common.redis_slots import slot_of
from omnify.common.redis_urls import Address


class ClusterGate(Gate):
    """A gate with a clock for each node: their clocks may differ by more than a call is valid."""

    def __init__(
        self,
        link: ClusterLink,
        cluster: ClusterMap,
        connect: Callable[[Address], redis.asyncio.Redis],
        **options: Any,
    ) -> None:
        super().__init__(link, **options)  # type: ignore[arg-type]  # what needs more of a client is overridden below
        self.cluster = link
        self._map = cluster
        self._connect = connect
        self._clocks: defaultdict[Address | None, ServerClock] = defaultdict(ServerClock)

    async def learn_clock(self) -> None:
        """Compares clocks with each node that answers. Raises QueueUnavailable: none does."""
        try:
            masters = await self._map.masters()
        except RedisError as problem:
            raise QueueUnavailable(type(problem).__name__) from problem
        for address in masters:
            started = time.monotonic()
            try:
                seconds, micros = await self._map.nodes[address].execute_command("TIME")
            except (RedisError, OSError):
                continue
            self._clocks[address].update(int(seconds) * 1000 + int(micros) // 1000, started)
        if not self._clocks:
            raise QueueUnavailable("no node answers")

    async def note_lost(self, event_id: int, key: str, sequence: int) -> bool:
        """Records a genuine ticket that is in neither store. False: it is recorded already. Raises QueueUnavailable."""
        name = k.event_keys(event_id).lost
        try:
            added = await self.cluster.execute_command("HSET", name, key, str(sequence))
            await self.cluster.execute_command("EXPIRE", name, k.LOST_TTL_SECONDS)
            return bool(added)
        except (RedisError, OSError) as problem:
            raise QueueUnavailable(type(problem).__name__) from problem

    async def check(self) -> None:
        """Returns when one node has written something: its events can be registered for. Raises QueueUnavailable."""
        *others, last = k.copies(k.DOOR)
        for name in others:
            with suppress(QueueUnavailable):
                return await self._check(name)
        return await self._check(last)

    async def listed(self) -> list[Listed]:
        """Reads the public events that have not ended, from a node that answers. Raises QueueUnavailable."""
        *others, last = k.copies(k.LISTED)
        for name in others:
            with suppress(QueueUnavailable):
                return await self._read_list(name)
        return await self._read_list(last)

    def news(
        self, *, on_change: Callable[[int, list[str]], None], on_subscribed: Callable[[int], None]
    ) -> Subscriptions:
        """Subscriptions to events on this Cluster."""
        return ClusterNews(self._map, self._connect, on_change=on_change, on_subscribed=on_subscribed)

    def lane_of(self, event_id: int) -> int:
        """Gives each event a lane of its own: its slot may move, or its node fail, without the others."""
        return event_id

    def _clock_of(self, event_id: int) -> ServerClock:
        return self._clocks[self._map.known_owner(slot_of(k.event_keys(event_id).state))]
