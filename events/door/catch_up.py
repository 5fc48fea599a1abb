"""Compares events with the ledger where the queue's server may show less of them than clients have seen: it has just
taken over, and no sweep has compared it yet (`events.admission.compared_servers`).

What it lacks is published there before anything is answered. So no ticket's status runs backwards, whichever door is
asked, and an event is compared once over each connection, not once for each client.
"""

from __future__ import annotations

import asyncio

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.door.loader import Loader

# How long a client waits. What takes longer goes on without it.
WAIT_SECONDS = 2.0
_TRIES = 3
_PAUSE_SECONDS = 0.1


class QueueBehind(QueueUnavailable):
    """Redis does not show all yet that clients have seen."""

    sentence = "The queue's server has just taken over."


class CatchUp:
    """Brings what Redis shows of events up to the ledger: one comparison at a time for each event."""

    def __init__(self, *, gate: Gate, loader: Loader) -> None:
        self._gate = gate
        self._loader = loader
        self._running: dict[int, asyncio.Task[None]] = {}

    async def __call__(self, event_id: int) -> None:
        """Returns when Redis shows all of the event that clients have seen on another server.

        Raises QueueUnavailable, DatabaseUnavailable.
        """
        running = self._running.get(event_id) or self._start(event_id)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await asyncio.shield(running)
        except TimeoutError:
            raise QueueBehind("not in time") from None

    def _start(self, event_id: int) -> asyncio.Task[None]:
        task = self._running[event_id] = asyncio.get_running_loop().create_task(self._catch_up(event_id))
        task.add_done_callback(lambda done: self._ended(event_id, done))
        return task

    def _ended(self, event_id: int, task: asyncio.Task[None]) -> None:
        del self._running[event_id]
        if not task.cancelled():
            task.exception()  # All who waited may have gone.

    async def _catch_up(self, event_id: int) -> None:
        for _ in range(_TRIES):
            mark = await self._loader.find_progress(event_id)
            if await self._gate.has_all(mark):
                return
            await self._loader.catch_up(event_id)
            if await self._gate.has_all(mark):
                return
            await asyncio.sleep(_PAUSE_SECONDS)
        raise QueueBehind("behind the ledger")
