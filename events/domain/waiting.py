"""Estimates how long a position in line takes, and when a client should ask again.

`jitter` is a random number from 0 up to 1 that the caller draws: people who wait for the same thing must not come back
in the same second. All seconds are spread around what is expected, except where asking too early would be in vain.
"""

from __future__ import annotations

from math import ceil

# Until a drain has measured its own rate: well below what a laptop does, so that no estimate is too short.
ASSUMED_PER_SECOND = 1000.0
LONGEST_RETRY_SECONDS = 60
LONGEST_WAIT_SECONDS = 30  # of a long poll
# The longest expected wait that can still be spread by a quarter both ways.
_LONGEST_EXPECTED = LONGEST_RETRY_SECONDS / 1.25 - 1
# A waitlist moves with cancellations, not at a rate: clients ask this often at its front, and less often further back.
_WAITLIST_SECONDS = 5.0
_WAITLIST_SECONDS_PER_PLACE = 0.5
_HELD_SECONDS = 5.0


def estimated_seconds(*, position: int, rate: float) -> float:
    """Estimates the wait at `position` (1 = next) at `rate` decisions per second; 0 if the rate is not known yet."""
    # A whole number of tenths, at least one. `round` to a digit would take the way over a decimal text.
    return (int(expected_seconds(position=position, rate=rate) * 10 + 0.5) or 1) / 10


def expected_seconds(*, position: int, rate: float) -> float:
    """Returns the same, not rounded."""
    return position / (rate if rate > 0 else ASSUMED_PER_SECOND)


def retry_after(seconds: float, *, jitter: float) -> int:
    """Returns the whole seconds after which to ask again, where `seconds` are expected.

    Spread by a quarter both ways and by up to a second more, so that the front of the line does not return at once
    either: the header knows whole seconds only.
    """
    expected = seconds if seconds < _LONGEST_EXPECTED else _LONGEST_EXPECTED
    return ceil(expected * (0.75 + 0.5 * jitter) + jitter) or 1


def waitlist_retry(position: int | None, *, jitter: float) -> int:
    """Returns the same on the waitlist, at `position` (1 = next to move up); None if the position is not known."""
    if position is None:
        return retry_after(LONGEST_RETRY_SECONDS, jitter=jitter)
    return retry_after(_WAITLIST_SECONDS + _WAITLIST_SECONDS_PER_PLACE * position, jitter=jitter)


def held_retry(*, jitter: float) -> int:
    """Returns the same for a held ticket: it is confirmed by a person or a shop, or its time runs out."""
    return retry_after(_HELD_SECONDS, jitter=jitter)


def opening_retry(ms: int, *, jitter: float) -> int:
    """Returns the whole seconds until registration opens in `ms` milliseconds: never less, and at most one more."""
    return max(1, ceil(max(ms, 0) / 1000 + jitter))


def outage_retry(seconds: int, *, jitter: float) -> int:
    """Returns the whole seconds to wait after an outage: at least `seconds`, less than twice as many."""
    return seconds + int(seconds * jitter)


def reconnect_ms(*, jitter: float) -> int:
    """Milliseconds after which a client takes up a broken stream of events again: 1 to 5 seconds."""
    return 1000 + int(4000 * jitter)
