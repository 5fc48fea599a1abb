"""What pages read from the public contract, and how they say it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from events.domain.public.event import Event
from events.domain.public.ticket import Ticket

Data = TypeVar("Data")


class Answer(msgspec.Struct, Generic[Data]):
    """An answer that worked; only its data matters here."""

    data: Data


class Refusal(msgspec.Struct):
    """An answer that did not."""

    code: str
    message: str
    errors: dict[str, list[str]] | None = None


decode_event = msgspec.json.Decoder(Answer[Event]).decode
decode_ticket = msgspec.json.Decoder(Answer[Ticket]).decode
decode_refusal = msgspec.json.Decoder(Refusal).decode


def when(start: datetime, end: datetime) -> str:
    """The time span in UTC, for whoever has no script to say it in their own time."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    text = f"{first:%A} {first.day} {first:%B %Y}, {first:%H:%M}"
    same_day = first.date() == last.date()
    return f"{text} to {last:%H:%M} UTC" if same_day else f"{text} to {last:%A} {last.day} {last:%B %Y, %H:%M} UTC"


def moment(at: datetime) -> str:
    """A moment in UTC."""
    utc = at.astimezone(UTC)
    return f"{utc:%A} {utc.day} {utc:%B %Y, %H:%M} UTC"


def wait_text(seconds: float) -> str:
    """An expected wait, rounded the way people say it. `ticket.js` says the same."""
    if seconds < 1.5:
        return "about a second"
    if seconds < 90:
        return f"about {round(seconds)} seconds"
    return f"about {round(seconds / 60)} minutes"
