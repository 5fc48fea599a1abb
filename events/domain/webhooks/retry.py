"""When a delivery is retried, and when an endpoint's circuit breaker is open. Pure: clock and jitter are passed in.

The schedule is part of the public contract. `Retry-After` makes a wait longer, never shorter. The breaker keeps a dead
endpoint's messages from being tried one after the other: it opens after `FAILURES_TO_OPEN` failures in a row, lets a
probe through when its time is over (`events.ledger.webhooks.claims` chooses the messages), and opens for twice as long
if all of the probe fails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import msgspec

_MINUTE, _HOUR = 60, 3600
# Seconds after the first, second, ... attempt that failed.
DELAYS = (5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR)
JITTER = 0.1
LONGEST_RETRY_AFTER = 24 * _HOUR

FAILURES_TO_OPEN = 10
FIRST_OPEN_SECONDS = 5
LONGEST_OPEN_SECONDS = 5 * _MINUTE
LONGEST_PAUSE_SECONDS = _HOUR
# Responses about the whole endpoint: all of its messages wait as long as `Retry-After` says.
PAUSING = frozenset({429, 503})

GIVE_UP_AFTER = timedelta(days=5)


class CompletedDispatch(StrEnum):
    """How a dispatch completed."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"


class RetryDecision(NamedTuple):
    """How the dispatch completed; `at` is the time of the next attempt, for RETRY only."""

    completed: CompletedDispatch
    at: datetime | None = None


# A worker makes thousands of these a second: msgspec's structs are made in C, at a tenth of a dataclass's cost.
class AttemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt's result. `status` is None without a response; `retry_after` is in seconds, 0 if none was sent."""

    status: int | None
    started_at: datetime
    ended_at: datetime
    retry_after: float = 0.0

    @property
    def delivered(self) -> bool:
        """Whether it was a success: a 2xx. A redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more messages."""
        return self.status == 410


def decide_retry(result: AttemptResult, *, step: int, jitter: float) -> RetryDecision:
    """Decides about a delivery after its attempt number `step` (from 1). `jitter` is from 0 to 1."""
    if result.delivered:
        return RetryDecision(CompletedDispatch.DELIVERED)
    if result.gone or step > len(DELAYS):
        return RetryDecision(CompletedDispatch.DEAD)
    # Jitter makes a wait longer only: 5 seconds are at least 5 seconds.
    delay = max(DELAYS[step - 1] * (1 + JITTER * jitter), min(result.retry_after, LONGEST_RETRY_AFTER))
    return RetryDecision(CompletedDispatch.RETRY, result.ended_at + timedelta(seconds=delay))


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """An endpoint's circuit breaker: closed while `trips` is 0, open until `open_until`, then half-open (a probe)."""

    failures: int = 0
    trips: int = 0
    open_until: datetime | None = None
    failing_since: datetime | None = None

    def after(self, result: AttemptResult) -> Breaker:
        """Returns the breaker after one more result."""
        if result.delivered:
            return Breaker()
        since = self.failing_since or result.ended_at
        failed = replace(self, failures=self.failures + 1, failing_since=since)
        if self.trips == 0:
            opened = failed._open(result) if failed.failures >= FAILURES_TO_OPEN else failed
        else:
            # A request that was under way when the breaker opened is no probe.
            probed = self.open_until is None or result.started_at >= self.open_until
            opened = failed._open(result) if probed else failed
        return opened._pause(result)

    def gives_up(self, now: datetime) -> bool:
        """Tells whether the endpoint has failed without a success for `GIVE_UP_AFTER`."""
        return self.failing_since is not None and now - self.failing_since >= GIVE_UP_AFTER

    def _open(self, result: AttemptResult) -> Breaker:
        seconds = min(LONGEST_OPEN_SECONDS, FIRST_OPEN_SECONDS * 2 ** min(self.trips, 10))
        return replace(self, trips=self.trips + 1, open_until=result.ended_at + timedelta(seconds=seconds))

    def _pause(self, result: AttemptResult) -> Breaker:
        if result.status not in PAUSING or result.retry_after <= 0:
            return self
        until = result.ended_at + timedelta(seconds=min(result.retry_after, LONGEST_PAUSE_SECONDS))
        return replace(self, open_until=max(until, self.open_until or until))
