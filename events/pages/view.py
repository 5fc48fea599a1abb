"""What pages read from the public contract, and how they say it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

Data = TypeVar("Data")


class Answer(msgspec.Struct, Generic[Data]):
    """An answer that worked; only its data matters here."""

    data: Data


class Refusal(msgspec.Struct):
    """An answer that did not."""

    code: str
    message: str
    errors: dict[str, list[str]] | None = None


class Event(msgspec.Struct, frozen=True):
    """`GET /events/{id}`."""

    id: int
    name: str
    location: str
    max_capacity: int
    waitlist_capacity: int
    start_time: datetime
    end_time: datetime
    registration_opens_at: datetime
    registration_closes_at: datetime
    seats_left: int
    waitlisted_count: int
    registration_state: str
    revision: int = 0
    updated_at: datetime | None = None

    @property
    def face(self) -> tuple[Any, ...]:
        """What of it a ticket shows: none of the numbers that move while people register."""
        return (self.id, self.name, self.location, self.start_time, self.end_time)


class Ticket(msgspec.Struct, frozen=True):
    """`GET /registrations/{ticket_id}`."""

    ticket_id: str
    reference: str
    event_id: int
    status: str
    reason: str | None = None
    position: int | None = None
    estimated_seconds: float | None = None
    check_in_code: str | None = None
    decided_at: datetime | None = None


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
