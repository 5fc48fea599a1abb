"""Decodes the service's responses for pages, and formats times and waits as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from events.domain.public.event import Event
from events.door.page_ticket import PageTicket

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
decode_ticket = msgspec.json.Decoder(Success[PageTicket]).decode
decode_refusal = msgspec.json.Decoder(Refusal).decode


def when(start: datetime, end: datetime) -> str:
    """Formats a time span in UTC, for browsers without a script that shows it in local time."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    text = f"{first:%A} {first.day} {first:%B %Y}, {first:%H:%M}"
    same_day = first.date() == last.date()
    return f"{text} to {last:%H:%M} UTC" if same_day else f"{text} to {last:%A} {last.day} {last:%B %Y, %H:%M} UTC"


def moment(at: datetime) -> str:
    """Formats a time in UTC."""
    utc = at.astimezone(UTC)
    return f"{utc:%A} {utc.day} {utc:%B %Y, %H:%M} UTC"


def wait_text(seconds: float) -> str:
    """Formats an expected wait, rounded as people say it. `ticket.js` formats it in the same way."""
    if seconds < 1.5:
        return "about a second"
    if seconds < 90:
        return f"about {round(seconds)} seconds"
    return f"about {round(seconds / 60)} minutes"


def time_left(seconds: float) -> str:
    """Formats what is left of a time, rounded down: no one is promised more. A script counts it down."""
    left = max(0, int(seconds))
    days, rest = divmod(left, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} day{'' if days == 1 else 's'} {clock}" if days else clock


def retry_time(seconds: int) -> str:
    """Formats when to try again: in seconds if that is soon, else as a clock that a person can read."""
    return duration(seconds) if seconds < 120 else time_left(seconds)


def duration(seconds: int) -> str:
    """Formats a length of time in its largest whole unit."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            number = seconds // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
