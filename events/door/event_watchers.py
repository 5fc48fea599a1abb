"""One watched event in one process: its watchers, what has to be read for them, and the reading."""

from __future__ import annotations

import asyncio
import logging
import random

from events.admission.gate import QueueUnavailable
from events.door.ticket_status import TicketStatus, TicketStatusReader
from omnify.common.batcher import BATCH_LIMIT

logger = logging.getLogger(__name__)

# Ticks without a reading of everything, after which it is read in case some news went missing.
SAFETY_TICKS = 25


class Watch:
    """One client's view of one ticket: where it stands by the latest reading, and a bell."""

    __slots__ = ("_bell", "_rung", "key", "standing")

    def __init__(self, key: str, known: TicketStatus) -> None:
        self.key = key
        self.standing = known
        self._rung = False
        self._bell: asyncio.Future[None] | None = None

    def offer(self, standing: TicketStatus) -> None:
        """Takes a reading. Two readings may overtake each other: one from before a known decision is not taken."""
        if standing != self.standing and standing.revision >= self.standing.revision:
            self.standing = standing
            self.poke()

    def poke(self) -> None:
        """Rings the bell."""
        self._rung = True
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    async def stirred(self) -> None:
        """Returns when the bell has been rung since the last time. For one caller at a time."""
        if not self._rung:
            self._bell = asyncio.get_running_loop().create_future()
            try:
                await self._bell
            finally:
                self._bell = None
        self._rung = False


class Room:
    """The watchers of an event.

    Changed tickets are read at once. Places in line move with every batch, so those are read at the next tick, and once
    more at the one after: the queue is trimmed shortly after the news of a batch.
    """

    def __init__(self, event_id: int, reader: TicketStatusReader) -> None:
        self._event_id = event_id
        self._reader = reader
        self._watches: dict[str, set[Watch]] = {}
        self._wanted: set[str] = set()
        self._moved = 0  # ticks at which everybody's place is still to be read
        # Rooms that were opened in the same second, and processes that were, do not all read in the same one.
        self._quiet_ticks = random.randrange(SAFETY_TICKS)  # noqa: S311 - nothing secret hangs on it
        self._reading: asyncio.Task[None] | None = None

    @property
    def empty(self) -> bool:
        """Whether nobody watches any more."""
        return not self._watches

    def add(self, watch: Watch) -> None:
        """One more watcher."""
        self._watches.setdefault(watch.key, set()).add(watch)

    def remove(self, watch: Watch) -> None:
        """One watcher less."""
        watches = self._watches[watch.key]
        watches.discard(watch)
        if not watches:
            del self._watches[watch.key]
            self._wanted.discard(watch.key)

    def read(self, key: str) -> None:
        """This ticket could not be read."""
        self._want([key])

    def heard(self, keys: list[str]) -> None:
        """These tickets have changed, and everybody's place may have."""
        self._moved = 2
        self._want(keys)

    def read_everything(self) -> None:
        """Anything may have changed unheard."""
        self._quiet_ticks = 0
        self._want(list(self._watches))

    def tick(self) -> None:
        """A second has passed."""
        self._quiet_ticks += 1
        if self._moved or self._quiet_ticks >= SAFETY_TICKS:
            self._moved = max(0, self._moved - 1)
            self.read_everything()
        elif self._wanted:
            self._start()

    def _want(self, keys: list[str]) -> None:
        self._wanted.update(key for key in keys if key in self._watches)
        if self._wanted:
            self._start()

    def _start(self) -> None:
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        later: set[str] = set()
        try:
            while self._wanted:
                keys = [self._wanted.pop() for _ in range(min(BATCH_LIMIT, len(self._wanted)))]
                later.update(keys)
                found = await self._reader.read_all(self._event_id, keys)
                later.difference_update(found)
                for key, standing in found.items():
                    for watch in self._watches.get(key, ()):
                        watch.offer(standing)
        except QueueUnavailable:
            # Whoever watches is told nothing new until the next tick tries again.
            pass
        except Exception:
            logger.exception("a reading for watchers failed")
        finally:
            self._wanted.update(key for key in later if key in self._watches)
            self._reading = None
