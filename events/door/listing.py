"""The list of public events as the door has it: read from Redis once for all who ask within two seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from events.admission.errors import QueueUnavailable
from events.admission.gate import Gate
from events.domain.listed import MOST_LISTED, Listed
from events.domain.text import fold

KEPT_SECONDS = 2.0


class FoundEvent(Struct, frozen=True, gc=False):
    """A public event, with what a search compares."""

    event: Listed
    searched: str


class Listing:
    """Reads the list. While Redis is out of reach it is the last one that was read."""

    def __init__(self, gate: Gate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gate = gate
        self._clock = clock
        self._found: Sequence[FoundEvent] | None = None
        self._until = float("-inf")
        self._reading = asyncio.Lock()

    async def __call__(self) -> Sequence[FoundEvent] | None:
        """Returns the public events, the first to start first; None: they are not known."""
        if self._clock() >= self._until:
            async with self._reading:
                if self._clock() >= self._until:
                    await self._read()
        return self._found

    async def _read(self) -> None:
        try:
            events = sorted(await self._gate.listed(), key=lambda event: (event.start_ms, event.event_id))
            self._found = [_found(event) for event in events[:MOST_LISTED]]
        except QueueUnavailable:
            pass  # what was read last is still the best that is known
        self._until = self._clock() + KEPT_SECONDS


def _found(event: Listed) -> FoundEvent:
    return FoundEvent(event, fold(f"{event.name}\n{event.location}"))
