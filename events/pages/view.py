"""Decodes the service's responses for pages, and formats times and waits as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from events.domain.public.event import Event
from events.domain.public.ticket import Ticket
from events.domain.zones import UTC_NAME, at_venue, zone_text
from events.pages import messages
from omnify.common.languages import Language

Data = TypeVar("Data")


class Success(msgspec.Struct, Generic[Data]):
    """The body of a successful response; only its data matters here."""

    data: Data


class Refusal(msgspec.Struct):
    """The body of an error response."""

    code: str
    message: str
    errors: dict[str, list[str]] | None = None


decode_event = msgspec.json.Decoder(Success[Event]).decode
decode_ticket = msgspec.json.Decoder(Success[Ticket]).decode
decode_refusal = msgspec.json.Decoder(Refusal).decode


def when(language: Language, start: datetime, end: datetime, timezone: str = UTC_NAME) -> str:
    """Formats a time span as clocks at the venue show it. A script puts the visitor's beside it."""
    first, last, name = at_venue(start, timezone), at_venue(end, timezone), zone_text(start, timezone)
    zone = name if name == UTC_NAME else f"({name})"
    parts = {"day": language.date(first), "start": language.time(first), "end": language.time(last), "zone": zone}
    if first.date() == last.date():
        return language.gettext("{day}, {start} to {end} {zone}", **parts)
    return language.gettext("{day}, {start} to {last_day}, {end} {zone}", last_day=language.date(last), **parts)


def moment(language: Language, at: datetime) -> str:
    """Formats a time in UTC."""
    utc = at.astimezone(UTC)
    return language.gettext("{day}, {time} UTC", day=language.date(utc), time=language.time(utc))


def wait_text(language: Language, seconds: float) -> str:
    """Formats an expected wait, rounded as people say it. `ticket.js` formats it in the same way."""
    if seconds < 1.5:
        return language.gettext(messages.WAITS["second"])
    count, unit = (seconds, "second") if seconds < 90 else (seconds / 60, "minute")
    return language.gettext(messages.WAITS["about"], time=language.length(round(count), unit))


def time_left(language: Language, seconds: float) -> str:
    """Formats what is left of a time, rounded down: no one is promised more. A script counts it down."""
    left = max(0, int(seconds))
    days, rest = divmod(left, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{language.length(days, 'day')} {clock}" if days else clock


def retry_time(language: Language, seconds: int) -> str:
    """Formats when to try again: in seconds if that is soon, else as a clock that a person can read."""
    return duration(language, seconds) if seconds < 120 else time_left(language, seconds)


def duration(language: Language, seconds: int) -> str:
    """Formats a length of time in its largest whole unit."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return language.length(seconds // size, unit)
    return language.length(seconds, "second")
