"""What the door asks when Redis does not know: the contract of the loader that `omnify.asgi` hands to it."""

from __future__ import annotations

from typing import Protocol

from events.domain.outcome import Outcome
from events.domain.scopes import Grant


class DatabaseUnavailable(Exception):
    """The ledger is out of reach, so nobody can say whether the thing exists."""


class Loader(Protocol):
    """Brings into Redis what only the ledger knows. Never blocks the event loop."""

    async def load_event(self, event_id: int) -> bool:
        """Loads an event into Redis. False: there is none. Raises DatabaseUnavailable, QueueUnavailable."""

    async def find_outcome(self, event_id: int, key: str) -> Outcome | None:
        """The ledger's decision on a ticket, None without one. Raises DatabaseUnavailable."""

    async def find_grant(self, token_hash: str) -> Grant | None:
        """What the token with this hash stands for; None for one that does not count. Raises DatabaseUnavailable."""

    async def waitlist_position(self, event_id: int, key: str) -> int | None:
        """A ticket's place on the waitlist, 1 = next to move up; None: it is not on it. Raises DatabaseUnavailable."""
