"""Delivers news of tickets to the clients that watch them.

    Redis ──news──► EventWatchers of event 7 ──one read for up to 500 tickets──► Watches ──► one stream or poll each

Every event with at least one watch in this process has an `EventWatchers`. It follows the event's news through one
subscription, reads the changed tickets in batches, and offers the result to each watch. One clock for the whole process
ticks every second. At each tick it has positions in line read again after a batch, repeats reads that failed, has
everything read now and then in case news was missed, and sends keep-alives to a fifteenth of the watches.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.admission.news import NewsUnavailable
from events.door.event_watchers import EventWatchers, Watch
from events.door.loader import DatabaseUnavailable
from events.door.ticket_status import TicketStatus, TicketStatusReader
from omnify.common import metrics

TICK_SECONDS = 1.0
KEEP_ALIVE_TICKS = 15


class WatchHub:
    """All watches of this process. After `end`, streams and long polls finish at once."""

    def __init__(self, *, gate: Gate, reader: TicketStatusReader) -> None:
        self.ending = False
        self._reader = reader
        self._news = gate.news(on_change=self._on_change, on_subscribed=self._on_subscribed)
        self._events: dict[int, EventWatchers] = {}
        self._slots: list[set[Watch]] = [set() for _ in range(KEEP_ALIVE_TICKS)]
        self._ticks = 0
        self._clock: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def watch(self, event_id: int, key: str, known: TicketStatus, *, kind: str) -> Iterator[Watch]:
        """Watches a ticket with the status `known` while the block runs. `kind` labels the metric: stream or poll."""
        watchers = self._events.get(event_id)
        if watchers is None:
            watchers = self._events[event_id] = EventWatchers(event_id, self._reader)
        slot = self._slots[self._ticks % KEEP_ALIVE_TICKS]
        watch = Watch(key, known)
        watchers.add(watch)
        slot.add(watch)
        metrics.WATCHERS.labels(kind).inc()
        if self._clock is None:
            self._clock = asyncio.get_running_loop().create_task(self._run())
        try:
            yield watch
        finally:
            watchers.remove(watch)
            slot.discard(watch)
            metrics.WATCHERS.labels(kind).dec()

    async def subscribe(self, event_id: int, watch: Watch) -> None:
        """Subscribes to the event's news, then reads the ticket: in this order no change is missed.

        Raises QueueUnavailable, DatabaseUnavailable: the read is repeated at the next tick.
        """
        try:
            await self._news.subscribe(event_id)
            watch.offer(await self._reader.read(event_id, watch.key))
        except NewsUnavailable:
            raise QueueUnavailable("no news") from None
        except (QueueUnavailable, DatabaseUnavailable):
            self._events[event_id].read(watch.key)
            raise

    def end(self) -> None:
        """Tells every watcher to finish, because the server is stopping."""
        self.ending = True
        for slot in self._slots:
            for watch in slot:
                watch.notify()

    async def close(self) -> None:
        """Closes the subscriptions."""
        await self._news.close()

    @property
    def watchers(self) -> int:
        """The number of watches in this process."""
        return sum(map(len, self._slots))

    def _on_change(self, event_id: int, keys: list[str]) -> None:
        if watchers := self._events.get(event_id):
            watchers.tickets_changed(keys)

    def _on_subscribed(self, event_id: int) -> None:
        if watchers := self._events.get(event_id):
            watchers.read_all()

    async def _run(self) -> None:
        try:
            while self._events:
                await asyncio.sleep(TICK_SECONDS)
                await self._tick()
        finally:
            self._clock = None

    async def _tick(self) -> None:
        self._ticks += 1
        for watch in self._slots[self._ticks % KEEP_ALIVE_TICKS]:
            watch.notify()
        for event_id, watchers in list(self._events.items()):
            if watchers.empty:
                # Not in `watch`, with the last one: a client that polls again at once reuses the subscription.
                del self._events[event_id]
                await self._news.unsubscribe(event_id)
            else:
                watchers.tick()
