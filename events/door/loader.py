"""The interface of the loader, which reads the ledger when Redis lacks something. `omnify.asgi` passes it in."""

from __future__ import annotations

from typing import Protocol

from events.domain.outcome import Outcome
from events.domain.scopes import Grant
from events.domain.snapshot import EventProgress


class DatabaseUnavailable(Exception):
    """The database cannot be reached, so it is unknown whether the thing exists."""


class Loader(Protocol):
    """Reads the ledger without blocking the event loop."""

    async def load_event(self, event_id: int) -> bool:
        """Loads an event into Redis. Returns False if there is none. Raises DatabaseUnavailable, QueueUnavailable."""

    async def find_progress(self, event_id: int) -> EventProgress:
        """Returns how far the ledger is with an event, 0 without one. Raises DatabaseUnavailable."""

    async def catch_up(self, event_id: int) -> None:
        """Publishes what Redis lacks of an event. Raises DatabaseUnavailable, QueueUnavailable."""

    async def find_outcome(self, event_id: int, key: str) -> Outcome | None:
        """Returns the ledger's decision on a ticket, None without one. Raises DatabaseUnavailable."""

    async def note_payment(self, event_id: int, key: str, payment_reference: str) -> bool:
        """Notes by which payment a ticket was confirmed that has none on record. Returns whether it is this one now.

        Raises DatabaseUnavailable.
        """

    async def find_grant(self, token_hash: str) -> Grant | None:
        """Returns what the token with this hash grants, None if it is not valid. Raises DatabaseUnavailable."""

    async def waitlist_position(self, event_id: int, key: str) -> int | None:
        """Returns a ticket's position on the waitlist (1 is next for a seat), None without one.

        Raises DatabaseUnavailable.
        """
