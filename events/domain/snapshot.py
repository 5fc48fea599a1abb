"""An event as the door knows it: what the ledger hands to admission."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSnapshot:
    """A copy of the event's row. Times in milliseconds since 1970, UTC; `decided_ms` is 0 before the first decision."""

    event_id: int
    version: int
    name: str
    location: str
    max_capacity: int
    waitlist_capacity: int
    confirmed_count: int
    waitlisted_count: int
    start_ms: int
    end_ms: int
    opens_ms: int
    closes_ms: int
    cancelled: bool
    last_sequence: int
    decided_ms: int = 0
