"""One endpoint's line in a deliver worker: what is claimed for it, and how much at once it may have.

The number of requests under way starts low and grows with every success in a row, so an endpoint that hangs never
holds many. How many rows are claimed ahead doubles when the line ran dry before the next look, so a fast endpoint is
not kept waiting, and a slow one keeps few rows from the other workers.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from events.ledger.webhooks.claims import ClaimedDelivery, EndpointCapacity

FIRST_AT_ONCE = 4
MOST_AT_ONCE = 16
FIRST_ROOM = 64
IDLE_LOOKS = 60
MOST_ROOM = 1024


@dataclass(slots=True)
class EndpointQueue:
    """`rows` wait for their turn; `in_hand` counts them and all that is sent and not recorded yet."""

    rows: deque[ClaimedDelivery] = field(default_factory=deque)
    in_hand: int = 0
    busy: int = 0
    _streak: int = 0
    _room: int = FIRST_ROOM
    _asked: int = 0
    _idle: int = 0

    @property
    def window(self) -> int:
        """How many requests may be under way."""
        return min(MOST_AT_ONCE, FIRST_AT_ONCE + self._streak)

    def held(self) -> EndpointCapacity:
        """What the next claim must know."""
        self._asked = max(0, self._room - len(self.rows))
        self._idle = 0 if self.in_hand else self._idle + 1
        return EndpointCapacity(self.in_hand, self._asked)

    def took(self, rows: list[ClaimedDelivery]) -> None:
        """What a claim has brought."""
        if len(rows) >= (self._asked or FIRST_ROOM) and len(self.rows) < self._room // 4:
            self._room = min(MOST_ROOM, self._room * 2)
        self.rows.extend(rows)
        self.in_hand += len(rows)

    def note(self, *, delivered: bool) -> None:
        """The result of one request."""
        self._streak = self._streak + 1 if delivered else 0
        if not delivered:
            self._room = FIRST_ROOM

    def forgettable(self) -> bool:
        """Whether nothing has come for it in many looks."""
        return self._idle > IDLE_LOOKS

    def empty(self) -> list[ClaimedDelivery]:
        """Takes back all that has not been sent."""
        rows = list(self.rows)
        self.rows.clear()
        self.in_hand -= len(rows)
        return rows
