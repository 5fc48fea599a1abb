"""Time zones of venues, by their IANA names, and times as they are there."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

UTC_NAME = "UTC"


@cache
def time_zones() -> frozenset[str]:
    """Returns the names that the time zone database has."""
    return frozenset(available_timezones())


def is_time_zone(name: str) -> bool:
    """Tells whether the time zone database has this name, spelled exactly so."""
    return name in time_zones()


@cache
def _zone(name: str) -> ZoneInfo:
    # An older server may lack a zone that a newer one has stored.
    return ZoneInfo(name if is_time_zone(name) else UTC_NAME)


def at_venue(moment: datetime, timezone: str) -> datetime:
    """Returns the moment as clocks at the venue show it."""
    return moment.astimezone(_zone(timezone))


def shows_another_time(moment: datetime, timezone: str, other: str) -> bool:
    """Tells whether clocks in the two zones differ at the moment."""
    return at_venue(moment, timezone).utcoffset() != at_venue(moment, other).utcoffset()


def zone_text(moment: datetime, timezone: str) -> str:
    """Names the zone with its offset at that moment: `UTC`, or `Europe/Paris, UTC+02:00`."""
    if timezone == UTC_NAME or not is_time_zone(timezone):
        return UTC_NAME
    offset = f"{at_venue(moment, timezone):%z}"
    return f"{timezone.replace('_', ' ')}, UTC{offset[:3]}:{offset[3:5]}"
