"""Times as mails say them: in their language, by the clock of the event's place, with the name of its zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from omnify.common.languages import Language

_NO_TIME = timedelta(0)


def when(start: datetime, end: datetime, zone: ZoneInfo, said: Language) -> str:
    """Says from when to when, in `zone`."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    until = said.time(last) if first.date() == last.date() else _day_and_time(last, said)
    start_text, zone_text = _day_and_time(first, said), _named(zone, first)
    return said.gettext("{start} to {end} ({zone})", start=start_text, end=until, zone=zone_text)


def moment(at: datetime, zone: ZoneInfo, said: Language) -> str:
    """Says when something is, in `zone`."""
    there = at.astimezone(zone)
    return said.gettext("{time} ({zone})", time=_day_and_time(there, said), zone=_named(zone, there))


def _day_and_time(at: datetime, said: Language) -> str:
    return said.gettext("{date}, {time}", date=said.date(at), time=said.time(at))


def _named(zone: ZoneInfo, at: datetime) -> str:
    """Names the zone, and how far it is from UTC then: a city's name alone says that to few who live elsewhere."""
    if zone.key == "UTC":
        return zone.key
    offset = at.utcoffset() or _NO_TIME
    hours, minutes = divmod(int(abs(offset).total_seconds()) // 60, 60)
    return f"{zone.key.replace('_', ' ')}, UTC{'-' if offset < _NO_TIME else '+'}{hours:02}:{minutes:02}"
