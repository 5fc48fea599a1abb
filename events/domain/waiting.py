"""How long a place in line takes, and when to ask again."""

from __future__ import annotations

from math import ceil

# Until a drain has measured its own rate: well below what a laptop does, so that nobody is promised too much.
ASSUMED_PER_SECOND = 1000.0
LONGEST_RETRY_SECONDS = 30


def estimated_seconds(*, position: int, rate: float) -> float:
    """The expected wait at `position` (1 = next) where `rate` decisions are made per second; 0: not measured yet."""
    return max(0.1, round(position / (rate if rate > 0 else ASSUMED_PER_SECOND), 1))


def retry_after(seconds: float) -> int:
    """Whole seconds until it is worth asking again: short near the front, capped far from it."""
    return max(1, min(LONGEST_RETRY_SECONDS, ceil(seconds)))
