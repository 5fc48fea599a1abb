"""The watchers of one event in this process, and the reads that keep them up to date."""

from __future__ import annotations

import asyncio
import logging
import random

from events.admission.errors import QueueUnavailable
from events.door.loader import DatabaseUnavailable
from events.door.ticket_status import TicketStatus, TicketStatusReader
from omnify.common.batcher import BATCH_LIMIT

logger = logging.getLogger(__name__)

# All tickets are read again after this many ticks without such a read, in case a message was missed.
SAFETY_TICKS = 25


class Watch:
    """One client's watch on one ticket. It keeps only the latest status, so a slow client costs no memory."""

    __slots__ = ("_notified", "_waiter", "key", "latest")

    def __init__(self, key: str, known: TicketStatus) -> None:
        self.key = key
        self.latest = known
        self._notified = False
        self._waiter: asyncio.Future[None] | None = None

    def offer(self, ticket: TicketStatus) -> None:
        """Stores a newly read status and notifies, unless nothing changed or the status is older than the known one:
        two reads may overtake each other."""
        if ticket != self.latest and ticket.revision >= self.latest.revision:
            self.latest = ticket
            self.notify()

    def notify(self) -> None:
        """Wakes the coroutine that waits in `changed`, or makes its next call return at once."""
        self._notified = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def changed(self) -> None:
        """Returns once `notify` has been called since the last return. Only one coroutine may wait at a time."""
        if not self._notified:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._notified = False


class EventWatchers:
    """All watches on tickets of one event.

    Tickets that changed are read at once. Every batch also moves the positions of the tickets in line: those are read
    at the next tick and again at the one after it, because a large batch is published in several calls, and the last
    of them trims the queue.
    """

    def __init__(self, event_id: int, reader: TicketStatusReader) -> None:
        self._event_id = event_id
        self._reader = reader
        self._watches: dict[str, set[Watch]] = {}
        self._unread: set[str] = set()
        self._ticks_to_read_all = 0
        # Random, so that events and processes that started in the same second do not read in the same second.
        self._quiet_ticks = random.randrange(SAFETY_TICKS)  # noqa: S311 - not security-sensitive
        self._reading: asyncio.Task[None] | None = None

    @property
    def empty(self) -> bool:
        """Whether the event has no watch any more."""
        return not self._watches

    def add(self, watch: Watch) -> None:
        """Adds a watch."""
        self._watches.setdefault(watch.key, set()).add(watch)

    def remove(self, watch: Watch) -> None:
        """Removes a watch; after the last one on a ticket, the ticket is not read any more."""
        watches = self._watches[watch.key]
        watches.discard(watch)
        if not watches:
            del self._watches[watch.key]
            self._unread.discard(watch.key)

    def read(self, key: str) -> None:
        """Schedules a read of one ticket."""
        self._schedule([key])

    def tickets_changed(self, keys: list[str]) -> None:
        """Schedules a read of these tickets now, and of all tickets at the next two ticks."""
        self._ticks_to_read_all = 2
        self._schedule(keys)

    def read_all(self) -> None:
        """Schedules a read of every watched ticket."""
        self._quiet_ticks = 0
        self._schedule(list(self._watches))

    def tick(self) -> None:
        """Starts the reads that are due, and repeats those that failed. Call it every second."""
        self._quiet_ticks += 1
        if self._ticks_to_read_all or self._quiet_ticks >= SAFETY_TICKS:
            self._ticks_to_read_all = max(0, self._ticks_to_read_all - 1)
            self.read_all()
        elif self._unread:
            self._start()

    def _schedule(self, keys: list[str]) -> None:
        self._unread.update(key for key in keys if key in self._watches)
        if self._unread:
            self._start()

    def _start(self) -> None:
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        failed: set[str] = set()
        try:
            while self._unread:
                keys = [self._unread.pop() for _ in range(min(BATCH_LIMIT, len(self._unread)))]
                failed.update(keys)
                found = await self._reader.read_all(self._event_id, keys)
                failed.difference_update(found)
                for key, ticket in found.items():
                    for watch in self._watches.get(key, ()):
                        watch.offer(ticket)
        except (QueueUnavailable, DatabaseUnavailable):
            # The next tick tries again; until then watchers keep the latest status.
            pass
        except Exception:
            logger.exception("a reading for watchers failed")
        finally:
            self._unread.update(key for key in failed if key in self._watches)
            self._reading = None
