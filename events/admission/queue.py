"""The drain's side of admission: read from the head, publish, trim, and the lease that saves work.

Raises redis.exceptions.RedisError wherever Redis does not answer; the drain backs off then.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from events.admission import keys as k
from events.admission import scripts
from events.admission.entry import Entry, read_entry
from events.admission.outcomes import encode_outcome
from events.admission.snapshots import copied_fields
from events.domain.commands import Request
from events.domain.outcome import Outcome
from events.domain.snapshot import EventSnapshot
from events.domain.states import Status
from events.domain.waiting import ASSUMED_PER_SECOND

# Bounds the time that one script call keeps Redis from everybody else.
PUBLISH_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to drain an event, for a while. Correctness does not rest on it: the ledger's row lock decides."""

    event_id: int
    token: str


class Queue:
    """The queues of all events on one Redis."""

    def __init__(self, client: redis.Redis, *, lease_ms: int = k.LEASE_TTL_MS) -> None:
        self._client = client
        self._lease_ms = lease_ms

    def lease(self, event_id: int) -> Lease | None:
        """The lease, or None if another drain holds it."""
        lease = Lease(event_id, secrets.token_hex(8))
        name = k.event_keys(event_id).lease
        return lease if self._client.set(name, lease.token, nx=True, px=self._lease_ms) else None

    def renew(self, lease: Lease) -> bool:
        """Keeps the lease for another while. False: it ran out, and another drain may hold it now."""
        keys = k.event_keys(lease.event_id)
        args = (lease.token, self._lease_ms, k.WAKE_TTL_MS)
        return bool(scripts.RENEW.call(self._client, (keys.lease, keys.wake), *args))

    def release(self, lease: Lease) -> bool:
        """Gives the lease back. False: it was not ours any more."""
        return bool(scripts.RELEASE.call(self._client, (k.event_keys(lease.event_id).lease,), lease.token))

    def head(self, event_id: int, *, count: int, after: int | None = None) -> list[Entry]:
        """The oldest `count` entries, in order of admission; with `after`, those behind that place."""
        first = "-" if after is None else f"({after}-0"
        found: Any = self._client.xrange(k.event_keys(event_id).queue, min=first, count=count)
        return [read_entry(stream_id, fields) for stream_id, fields in found]

    def published_ms(self, event_id: int) -> int | None:
        """The moment of the last decisions that Redis has been shown; None if it knows nothing of the event."""
        found: Any = self._client.hget(k.event_keys(event_id).state, "shown")
        return None if found is None else int(found)

    def publish(
        self,
        *,
        event: EventSnapshot,
        outcomes: Sequence[Outcome],
        decisions_per_second: float = 0.0,
        published_before_ms: int = 0,
    ) -> int:
        """Lets the door see decisions that the ledger has committed. Returns how many were new to it.

        With `published_before_ms` the event's moment counts as shown only if everything up to then has been.
        """
        written = 0
        for start in range(0, max(len(outcomes), 1), PUBLISH_AT_ONCE):
            last = start + PUBLISH_AT_ONCE >= len(outcomes)
            marks = (decisions_per_second, event.decided_ms) if last else (0.0, 0)
            written += self._publish(event, outcomes[start : start + PUBLISH_AT_ONCE], *marks, published_before_ms)
        return written

    def _publish(
        self, event: EventSnapshot, outcomes: Sequence[Outcome], rate: float, moment_ms: int, published_before_ms: int
    ) -> int:
        keys = k.event_keys(event.event_id)
        rows = [(o.key, o.email_digest, encode_outcome(o), o.revision, o.holds_email, _place(o)) for o in outcomes]
        written: int = scripts.PUBLISH.call(
            self._client,
            (keys.state, *keys.decided, keys.rates, keys.waitlist),
            scripts.encode(rows),
            event.version,
            event.last_sequence,
            k.OUTCOME_TTL_SECONDS,
            k.RATES_TTL_SECONDS,
            f"{rate:.1f}",
            ASSUMED_PER_SECOND,
            moment_ms,
            k.WAITLIST_TTL_SECONDS,
            keys.news,
            published_before_ms,
            *copied_fields(event),
        )
        return written

    def trim(self, event_id: int, entries: Sequence[Entry]) -> int:
        """Removes decided entries. Returns how many are left."""
        keys = k.event_keys(event_id)
        if not entries:
            return self.lengths([event_id])[0]
        rows = [(e.sequence, e.key, _digest(e), e.kind) for e in entries]
        left: int = scripts.TRIM.call(self._client, (keys.queue, keys.pending), scripts.encode(rows))
        return left

    def mark_idle(self, event_id: int) -> bool:
        """Marks the event idle. False: entries came in meanwhile."""
        keys = k.event_keys(event_id)
        return bool(scripts.IDLE.call(self._client, (keys.queue, keys.wake)))

    def claim_wake(self, event_id: int) -> bool:
        """Whether a wake-up should be sent: none is on its way, and no drain is at work."""
        return bool(self._client.set(k.event_keys(event_id).wake, "1", nx=True, px=k.WAKE_TTL_MS))

    def wake_after(self, event_id: int, *, ms: int) -> None:
        """Lets the next wake-up be sent after `ms` at the latest: this one has led to nothing."""
        self._client.pexpire(k.event_keys(event_id).wake, ms, lt=True)

    def wake_after_lease(self, event_id: int) -> None:
        """The same with the end of a lease. A holder that is alive renews lease and flag together; after one that was
        killed, the event waits for no longer than its lease."""
        left: Any = self._client.pttl(k.event_keys(event_id).lease)
        self.wake_after(event_id, ms=max(left, 1))

    def lengths(self, event_ids: Sequence[int]) -> list[int]:
        """How many entries wait in each event's queue."""
        pipe = self._client.pipeline(transaction=False)
        for event_id in event_ids:
            pipe.xlen(k.event_keys(event_id).queue)
        return list(pipe.execute())


def _digest(entry: Entry) -> str:
    return entry.command.email_digest if isinstance(entry.command, Request) else ""


def _place(outcome: Outcome) -> int:
    """What a ticket's place on the waitlist is counted by; 0 if it is not on it. Sequences begin at 1."""
    return outcome.sequence if outcome.status is Status.WAITLISTED else 0
