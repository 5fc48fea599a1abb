"""Moments: milliseconds since 1970 (UTC) inside, ISO 8601 with an offset outside.

Everything stored is cut to whole milliseconds, so that the ledger and the door's copy in Redis render the
same text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970 of an aware `moment`; a fraction is cut off."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The moment in UTC. No floating point: the way back with `to_ms` is exact."""
    return _EPOCH + ms * _MILLISECOND


def iso(ms: int) -> str:
    """`2026-11-23T12:00:00+00:00`; with `.123000` when the milliseconds are not zero."""
    return from_ms(ms).isoformat()


@lru_cache(maxsize=8192)
def iso_ms(ms: int) -> str:
    """The same, always with three digits of milliseconds: how tickets show their times."""
    return from_ms(ms).isoformat(timespec="milliseconds")


def whole_ms(moment: datetime) -> datetime:
    """An aware `moment` in UTC, cut to whole milliseconds.

    Raises:
        OverflowError: in UTC it falls outside the years 1 to 9999.
    """
    return from_ms(to_ms(moment.astimezone(UTC)))
