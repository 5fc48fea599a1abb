"""Times: milliseconds since 1970 (UTC) inside, one form of ISO 8601 outside.

Everything stored is cut to whole milliseconds, so that the ledger and the door's copy in Redis render the same text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_OLDEST, _NEWEST = _EPOCH, datetime(9999, 1, 1, tzinfo=UTC)


def to_ms(moment: datetime) -> int:
    """Returns the whole milliseconds since 1970 of an aware `moment`; a fraction is cut off."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """Returns the time in UTC. Without floating point, so `to_ms` is its exact inverse."""
    return _EPOCH + ms * _MILLISECOND


@lru_cache(maxsize=8192)
def iso(ms: int) -> str:
    """Renders `ms` as every answer shows a time: `2027-06-01T16:00:00.000+00:00`."""
    return from_ms(ms).isoformat(timespec="milliseconds")


@overload
def iso_of(moment: datetime) -> str: ...


@overload
def iso_of(moment: None) -> None: ...


def iso_of(moment: datetime | None) -> str | None:
    """Renders an aware `moment` in the same form, its microseconds cut off; None stays None."""
    return None if moment is None else iso(to_ms(moment))


def from_iso(text: str) -> datetime:
    """Reads a time in UTC that `iso` has rendered."""
    return datetime.fromisoformat(text)


def in_range(moment: datetime) -> datetime:
    """Converts an aware `moment` to UTC and whole milliseconds.

    Raises:
        ValueError: what a person is told: in UTC its year is none that can be stored, and shown in any time zone.
    """
    try:
        converted = whole_ms(moment)
    except OverflowError:
        converted = _NEWEST
    if not _OLDEST <= converted < _NEWEST:
        raise ValueError("The year must lie between 1970 and 9998.")
    return converted


def whole_ms(moment: datetime) -> datetime:
    """Converts an aware `moment` to UTC and cut it to whole milliseconds.

    Raises:
        OverflowError: in UTC it falls outside the years 1 to 9999.
    """
    return from_ms(to_ms(moment.astimezone(UTC)))
