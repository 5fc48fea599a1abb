"""Times as mails say them: in their language, by the clock of the venue, with the name of its time zone."""

from __future__ import annotations

from datetime import datetime

from events.domain.zones import at_venue, zone_text
from omnify.common.languages import Language


def when(start: datetime, end: datetime, timezone: str, said: Language) -> str:
    """Says from when to when, at the venue. The zone's offset is that of the start."""
    first, last = at_venue(start, timezone), at_venue(end, timezone)
    parts = {"day": said.date(first), "start": said.time(first), "end": said.time(last)}
    zone = zone_text(start, timezone)
    if first.date() == last.date():
        return said.gettext("{day}, {start} to {end} ({zone})", zone=zone, **parts)
    return said.gettext("{day}, {start} to {last_day}, {end} ({zone})", zone=zone, last_day=said.date(last), **parts)


def moment(at: datetime, timezone: str, said: Language) -> str:
    """Says when something is, at the venue."""
    there = at_venue(at, timezone)
    zone = zone_text(at, timezone)
    return said.gettext("{day}, {time} ({zone})", day=said.date(there), time=said.time(there), zone=zone)
