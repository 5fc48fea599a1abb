"""`GET /health/live` and `GET /health/door`: what probes and balancers ask. Neither asks the database.

The second is 200 while the queue can take registrations: its store writes a small key and has it on disk, and on
replicas where they are asked for. Requests while a check runs wait for the same one, so a flood of them writes little.
"""

from __future__ import annotations

import asyncio

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.domain.public.health import Alive, OpenDoor
from events.door import responses
from events.door.responses import Response

# Balancers commonly give a probe two or three seconds.
TIMEOUT_SECONDS = 2.0

ALIVE = responses.ok(Alive("alive"), message="Alive.")
OPEN = responses.ok(OpenDoor("open"), message="Registrations are taken.")


class DoorHealth:
    """Answers whether this door can take registrations now."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._running: asyncio.Task[None] | None = None

    async def read(self) -> Response:
        """Builds the 200. Raises QueueUnavailable, after `TIMEOUT_SECONDS` at the latest."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._gate.check())
            self._running.add_done_callback(_forget_problem)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await asyncio.shield(self._running)
        except TimeoutError as problem:
            raise QueueUnavailable("late") from problem
        return OPEN


def _forget_problem(task: asyncio.Task[None]) -> None:
    """Keeps a check that fails after all have given up from being reported as an exception left unhandled."""
    if not task.cancelled():
        task.exception()
