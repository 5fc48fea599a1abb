"""The log's `admitted` lines: which tickets were given out, by event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from omnify.common.logs import get_logger, line_time

logger = get_logger(__name__)

LATE_SECONDS = 0.5
# References in one line, or as many more as there are in one batch.
LINE_LIMIT = 500


class AdmittedLog:
    """Writes one line for the tickets of several batches, half a second late at most, as metrics are. Its time is that
    of the first of them, so no ticket is decided before it is admitted.

    A line costs as much as a batch of three; at 32 connections there are a thousand batches a second, and with fifty
    busy events fifty lines each time. What is not written yet is missing in the log if the process is killed; the
    tickets are in Redis.
    """

    __slots__ = ("_clock", "_lines")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lines: dict[int, tuple[float, list[str]]] = {}

    def add(self, event_id: int, refs: list[str]) -> None:
        """Logs the references of an event's new tickets soon. Must be called on an event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_later(LATE_SECONDS, self.flush)
        line = self._lines.get(event_id)
        if line is None:
            self._lines[event_id] = (self._clock(), refs)
            return
        line[1].extend(refs)
        if len(line[1]) >= LINE_LIMIT:
            _write(event_id, *self._lines.pop(event_id))

    def flush(self) -> None:
        """Writes now."""
        lines, self._lines = self._lines, {}
        for event_id, line in lines.items():
            _write(event_id, *line)


def _write(event_id: int, first: float, refs: list[str]) -> None:
    logger.info("admitted", time=line_time(first), event_id=event_id, tickets=refs)
