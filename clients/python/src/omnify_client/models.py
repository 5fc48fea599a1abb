"""What the service answers with, as values. Fields are named as in the API; times are datetimes with an offset.

Readers are tolerant: a field or status that this release does not know is kept in `raw`, one that is missing is None.
Ticket ids, check-in codes, names, addresses and secrets are in no repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

# A ticket with one of these will not change by itself; a confirmed one can still be cancelled.
FINAL = frozenset({"confirmed", "rejected", "expired", "cancelled", "lost"})

Model = TypeVar("Model", bound="Resource")


def _hidden(default: Any = None) -> Any:
    return field(default=default, repr=False)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Anything of the service's. `raw` is all that it said."""

    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Ticket(Resource):
    """A registration. `ticket_id` is the key to it: who has it can read and cancel it. `reference` opens nothing."""

    ticket_id: str = _hidden("")
    reference: str | None = None
    event_id: int = 0
    ticket_type: int | None = None
    quantity: int = 1
    status: str = ""
    reason: str | None = None
    position: int | None = None
    sequence: int | None = None
    requested_at: datetime | None = None
    decided_at: datetime | None = None
    expires_at: datetime | None = None
    check_in_code: str | None = _hidden()
    checked_in_at: datetime | None = None
    checked_in_quantity: int = 0
    estimated_seconds: float | None = None
    unlikely: bool = False
    confirmed_by: str | None = None
    receipt: str | None = _hidden()

    @property
    def final(self) -> bool:
        """Whether it has reached a status that does not change by itself."""
        return self.status in FINAL

    @property
    def decided(self) -> bool:
        """Whether the service has decided it: confirmed, held, waitlisted, entered in a draw, or refused."""
        return self.status != "queued"


@dataclass(frozen=True, kw_only=True)
class Event(Resource):
    """An event. What stands here is what every event has; the rest is in `raw`."""

    id: int = 0
    name: str = ""
    location: str = ""
    max_capacity: int = 0
    waitlist_capacity: int = 0
    start_time: datetime | None = None
    end_time: datetime | None = None
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    registration_state: str = ""
    confirmed_count: int = 0
    waitlisted_count: int = 0
    seats_left: int = 0


@dataclass(frozen=True, kw_only=True)
class Attendee(Resource):
    """A guest on an organizer's list. `ticket_id` is for tokens of the scope `full`."""

    ticket_id: str | None = _hidden()
    reference: str = ""
    name: str = _hidden("")
    email: str = _hidden("")
    quantity: int = 1
    ticket_type: int | None = None
    confirmed_at: datetime | None = None
    sequence: int | None = None
    checked_in_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Subscription(Resource):
    """A webhook's subscription. `secret` is there once: when it is made, or rotated."""

    id: int = 0
    url: str | None = _hidden()
    event_types: list[str] = field(default_factory=list)
    event_id: int | None = None
    enabled: bool = True
    disabled_reason: str | None = None
    previous_secret_until: datetime | None = None
    secret: str | None = _hidden()


@dataclass(frozen=True, kw_only=True)
class NewSubscription(Subscription):
    """A subscription whose secret has just been made: this is the only time that it is there."""

    secret: str = _hidden("")


@dataclass(frozen=True, kw_only=True)
class LogEntry(Resource):
    """What a subscription to everything would have got: `data` is a ticket or an event. `id` is where to go on."""

    id: str | int = ""
    type: str = ""
    timestamp: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)


def load(kind: type[Model], data: Any) -> Model:
    """Reads a value of the API."""
    given: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    known = {one.name for one in fields(kind)} - {"raw"}
    values = {name: _value(name, value) for name, value in given.items() if name in known and value is not None}
    return kind(raw=given, **values)


def _value(name: str, value: Any) -> Any:
    if isinstance(value, str) and name.endswith(("_at", "_time", "_until", "timestamp")):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return value
