"""When a mail is tried again after a failure that may pass. Pure: clock and jitter are passed in.

Greylisting servers (RFC 6647) refuse the first attempts for some minutes; a server that is down is back within hours.
After two days a mail is of no use any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE, _HOUR = 60, 3600
# Seconds after the first, second, ... attempt that failed: 48 hours in all.
DELAYS = (
    *(_MINUTE, 5 * _MINUTE, 15 * _MINUTE, 39 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 8 * _HOUR, 12 * _HOUR, 12 * _HOUR),
)
GIVE_UP_AFTER = timedelta(seconds=sum(DELAYS))
JITTER = 0.1


def next_attempt(*, attempts: int, now: datetime, jitter: float, haste: float = 1) -> datetime | None:
    """Returns when a mail is tried again after `attempts` that failed (from 1); None: never. `jitter`: 0 to 1.

    With a `haste` for tests it is so many times sooner.
    """
    if attempts > len(DELAYS):
        return None
    return now + timedelta(seconds=DELAYS[attempts - 1] * (1 + JITTER * jitter) / haste)
