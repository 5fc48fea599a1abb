"""The claimed deliveries of one endpoint in one worker, and how many requests it may have at once.

The number of requests under way starts low and grows with every success in a row, so an endpoint that hangs never
holds many. How many deliveries are claimed ahead doubles when the queue ran dry before the next claim, so a fast
endpoint does not wait, and a slow one keeps few deliveries from the other workers.

The breaker opens in the database. So that an endpoint that fails at once is not sent everything while the database is
slow, no more than `FAILURES_TO_OPEN` failures are left unrecorded.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from events.domain.webhooks.retry import FAILURES_TO_OPEN
from events.ledger.webhooks.claims import ClaimedDelivery, EndpointCapacity

FIRST_AT_ONCE = 4
MOST_AT_ONCE = 16
FIRST_CLAIM_AHEAD = 64
MOST_CLAIM_AHEAD = 1024
# After this many claims without a delivery for it, the endpoint's queue is dropped.
IDLE_CLAIMS = 60


@dataclass(slots=True)
class EndpointQueue:
    """`deliveries` are not sent yet; `unrecorded` counts them and those that are sent but not recorded yet."""

    deliveries: deque[ClaimedDelivery] = field(default_factory=deque)
    unrecorded: int = 0
    in_flight: int = 0
    _successes_in_a_row: int = 0
    _unrecorded_failures: int = 0
    _claim_ahead: int = FIRST_CLAIM_AHEAD
    _asked_for: int = 0
    _idle_claims: int = 0

    @property
    def concurrency_limit(self) -> int:
        """How many requests may be under way."""
        return min(MOST_AT_ONCE, FIRST_AT_ONCE + self._successes_in_a_row)

    @property
    def may_send(self) -> bool:
        """Whether the next delivery may be sent, as far as the last results tell: a success ends a row of failures."""
        return self._unrecorded_failures < FAILURES_TO_OPEN

    @property
    def has_capacity(self) -> bool:
        """Whether one more request may start: there is a delivery for it, and no limit is reached."""
        return self.may_send and self.in_flight < min(self.concurrency_limit, len(self.deliveries))

    @property
    def is_idle(self) -> bool:
        """Whether many claims in a row have brought nothing. The last of them may have brought something."""
        return self._idle_claims > IDLE_CLAIMS and not self.unrecorded

    def capacity(self) -> EndpointCapacity:
        """Begins a claim: returns what it may take."""
        self._asked_for = max(0, self._claim_ahead - len(self.deliveries))
        self._idle_claims = 0 if self.unrecorded else self._idle_claims + 1
        return EndpointCapacity(self.unrecorded, self._asked_for)

    def add(self, deliveries: list[ClaimedDelivery]) -> None:
        """Ends a claim: takes what it has brought."""
        if len(deliveries) >= (self._asked_for or FIRST_CLAIM_AHEAD) and len(self.deliveries) < self._claim_ahead // 4:
            self._claim_ahead = min(MOST_CLAIM_AHEAD, self._claim_ahead * 2)
        self.deliveries.extend(deliveries)
        self.unrecorded += len(deliveries)

    def completed(self, *, delivered: bool) -> None:
        """Adapts the limits to the result of one attempt."""
        self._successes_in_a_row = self._successes_in_a_row + 1 if delivered else 0
        self._unrecorded_failures = 0 if delivered else self._unrecorded_failures + 1
        if not delivered:
            self._claim_ahead = FIRST_CLAIM_AHEAD

    def done(self) -> None:
        """Counts a delivery off: its attempt is recorded, or its claim ended too soon to send it."""
        self.unrecorded -= 1
        self._unrecorded_failures = max(0, self._unrecorded_failures - 1)

    def take_unsent(self) -> list[ClaimedDelivery]:
        """Removes and returns all that has not been sent."""
        deliveries = list(self.deliveries)
        self.deliveries.clear()
        self.unrecorded -= len(deliveries)
        return deliveries
