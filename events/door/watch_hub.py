"""The hub: who watches which ticket, and how news reach them.

    Redis ──news──► room of event 7 ──one read for up to 500 tickets──► watches ──► a stream or a long poll each

A room is an event with at least one watcher in this process. It follows the event's news through one subscription,
reads what changed in batches, and offers each watcher the result; a watcher keeps the latest only, so a slow client
costs no memory. One clock for the whole process ticks every second: it lets places in line be read again after
something moved, repeats reads that failed, reads everything now and then in case news went missing, and sends
keep-alives, an equal share of the watchers at each tick.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from events.admission.gate import Gate, QueueUnavailable
from events.admission.news import NewsUnavailable
from events.door.event_watchers import Room, Watch
from events.door.loader import LedgerAway
from events.door.ticket_status import TicketStatus, TicketStatusReader
from omnify.common import metrics

TICK_SECONDS = 1.0
KEEP_ALIVE_TICKS = 15


class Hub:
    """All rooms of this process. Ending it lets every watcher go, and holds no new one."""

    def __init__(self, *, gate: Gate, reader: TicketStatusReader) -> None:
        self.ending = False
        self._reader = reader
        self._news = gate.news(heard=self._heard, joined=self._joined)
        self._rooms: dict[int, Room] = {}
        self._slots: list[set[Watch]] = [set() for _ in range(KEEP_ALIVE_TICKS)]
        self._ticks = 0
        self._clock: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def watch(self, event_id: int, key: str, known: TicketStatus, *, kind: str) -> Iterator[Watch]:
        """A watch on a ticket, `known` to stand so, for as long as the block lasts; `kind` is for the metrics."""
        room = self._rooms.get(event_id)
        if room is None:
            room = self._rooms[event_id] = Room(event_id, self._reader)
        slot = self._slots[self._ticks % KEEP_ALIVE_TICKS]
        watch = Watch(key, known)
        room.add(watch)
        slot.add(watch)
        metrics.WATCHERS.labels(kind).inc()
        if self._clock is None:
            self._clock = asyncio.get_running_loop().create_task(self._run())
        try:
            yield watch
        finally:
            room.remove(watch)
            slot.discard(watch)
            metrics.WATCHERS.labels(kind).dec()

    async def begin(self, event_id: int, watch: Watch) -> None:
        """Follows the event, then reads the ticket, in this order: a change after the read will be heard of.

        Raises QueueUnavailable, LedgerAway: the ticket will be read as soon as that can be done.
        """
        try:
            await self._news.follow(event_id)
            watch.offer(await self._reader.read(event_id, watch.key))
        except NewsUnavailable:
            raise QueueUnavailable("no news") from None
        except (QueueUnavailable, LedgerAway):
            self._rooms[event_id].read(watch.key)
            raise

    def end(self) -> None:
        """Lets everybody go: the server is stopping."""
        self.ending = True
        for slot in self._slots:
            for watch in slot:
                watch.poke()

    async def close(self) -> None:
        """Ends the subscriptions."""
        await self._news.close()

    @property
    def watchers(self) -> int:
        """Watches in this process now."""
        return sum(map(len, self._slots))

    def _heard(self, event_id: int, keys: list[str]) -> None:
        if room := self._rooms.get(event_id):
            room.heard(keys)

    def _joined(self, event_id: int) -> None:
        if room := self._rooms.get(event_id):
            room.read_everything()

    async def _run(self) -> None:
        try:
            while self._rooms:
                await asyncio.sleep(TICK_SECONDS)
                await self._tick()
        finally:
            self._clock = None

    async def _tick(self) -> None:
        self._ticks += 1
        for watch in self._slots[self._ticks % KEEP_ALIVE_TICKS]:
            watch.poke()
        for event_id, room in list(self._rooms.items()):
            if room.empty:
                # Not when the last one left: somebody who polls again at once finds the subscription still there.
                del self._rooms[event_id]
                await self._news.leave(event_id)
            else:
                room.tick()
