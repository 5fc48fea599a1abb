"""Counts the door's responses by route and status, and requests that missed the fast path."""

from __future__ import annotations

from omnify.common import metrics
from omnify.common.metrics import BufferedCounter

_slow = BufferedCounter(metrics.SLOW_PATH)
# A response is seen no sooner than that its request was slow.
_responses = BufferedCounter(metrics.DOOR_ANSWERS, first=_slow)


def count(route: str, status: int) -> None:
    """Counts one response. `/metrics` shows it within half a second."""
    _responses.add((route, status))


def count_slow(route: str) -> None:
    """Counts a request for a hot route that did not take the fast path. Those that did cost nothing here."""
    _slow.add((route,))


def flush() -> None:
    """Writes what has been counted, because the process ends."""
    _responses.flush()
