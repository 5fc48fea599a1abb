"""The drain's side of admission: reads the oldest entries, publishes decisions, trims, and holds the lease.

Every method raises redis.exceptions.RedisError if Redis does not answer; the drain backs off then.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from events.admission import calls
from events.admission import keys as k
from events.admission.entry import Entry, read_entries, read_entry
from events.admission.publication import Publication, Published, parts_of
from events.admission.publish_call import Freed
from events.admission.snapshots import event_progress
from events.domain.codes import AccessCode
from events.domain.outcome import Outcome
from events.domain.snapshot import CopyProgress, EventSnapshot
from omnify.common.replicas import require_replicas

_NOTHING: Freed = {}


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to drain an event until it expires. It only saves work: correctness rests on the ledger's row lock."""

    event_id: int
    token: str


class Queue:
    """The queues of all events on one Redis.

    With `replicas`, entries are handed out, and decisions published, only while that many have all that was written
    before. Otherwise a server that takes over would give the sequences of decided entries again, and say `queued` of
    tickets that were seen decided.
    """

    def __init__(self, client: redis.Redis, *, lease_ms: int = k.LEASE_TTL_MS, replicas: int = 0) -> None:
        self._client = client
        self._lease_ms = lease_ms
        self._replicas = replicas

    def lease(self, event_id: int) -> Lease | None:
        """Takes the lease; None if another drain holds it."""
        lease = Lease(event_id, secrets.token_hex(8))
        name = k.event_keys(event_id).lease
        return lease if self._client.set(name, lease.token, nx=True, px=self._lease_ms) else None

    def renew(self, lease: Lease) -> bool:
        """Prolongs the lease. False: it expired, and another drain may hold it now."""
        keys = k.event_keys(lease.event_id)
        call = calls.renew(keys, token=lease.token, lease_ttl=self._lease_ms, wake_ttl=k.WAKE_TTL_MS)
        return bool(call.run(self._client))

    def release(self, lease: Lease) -> bool:
        """Gives the lease back. False: it had expired."""
        return bool(calls.release(k.event_keys(lease.event_id), token=lease.token).run(self._client))

    def head(self, event_id: int, *, count: int, after: int | None = None) -> list[Entry]:
        """Reads the oldest `count` entries, in order of admission; with `after`, those after that sequence.

        Expiries that are one entry of the stream come together, so there may be more. Raises NotReplicated if they are
        not on enough replicas.
        """
        found = self._read(k.event_keys(event_id).queue, count, after)
        if found:
            self.require_replicas(event_id)
        entries: list[Entry] = []
        for stream_id, fields in found:
            if stream_id.endswith(b"-0"):
                entries.append(read_entry(stream_id, fields))
            else:
                entries += read_entries(stream_id, fields)
            if len(entries) >= count:
                break
        return entries

    def _read(self, name: str, count: int, after: int | None) -> Any:
        if after is None:
            return self._client.xrange(name, count=count)
        # Up to so many sequences: a thousand entries of a thousand expiries each would be too much.
        found = self._client.xrange(name, min=f"({after}-0", max=after + count, count=count)
        # None of them is there if a server that took over goes on with later ones.
        return found or self._client.xrange(name, min=f"({after}-0", count=count)

    def now_ms(self, event_id: int) -> int:
        """Reads the clock of the event's server, by which its entries are stamped."""
        pipe = self._client.pipeline(transaction=False)
        pipe.exists(k.event_keys(event_id).queue)
        pipe.time()
        _, (seconds, micros) = pipe.execute()
        return int(seconds) * 1000 + int(micros) // 1000

    def published(self, event_id: int) -> CopyProgress:
        """Reads how far the copy of the event is: its version, and the time of the last published decisions."""
        return event_progress(self._client, [event_id])[event_id]

    def publish(
        self,
        *,
        event: EventSnapshot,
        outcomes: Sequence[Outcome],
        entries: Sequence[Entry] = (),
        codes: Sequence[AccessCode] = (),
        decisions_per_second: float = 0.0,
        counted: bool = True,
        since_ms: int = 0,
        freed: Freed = _NOTHING,
        earlier_part: str = "",
    ) -> Published:
        """Publishes decisions that the ledger has committed, and removes their entries from the queue.

        `outcomes` and `codes` are all that changed after `since_ms`, with what `publish_part` has published up to
        `earlier_part`. Only if everything up to then is published on the server that takes them is the event's moment
        recorded there; else a sweep finds it behind the ledger. `counted`: whether they count as decisions of this
        second. `freed` are digests of e-mails that tickets, by key, no longer hold. Raises NotReplicated, and publishes
        nothing, if the replicas are away.
        """
        self.require_replicas(event.event_id)
        *parts, last = parts_of(outcomes, codes)
        publication = Publication(self._client, event, outcomes, since_ms, counted, freed)
        earlier, written = publication.send_named(parts, earlier_part)
        done = publication.send(last._replace(entries=entries, rate=decisions_per_second), behind=earlier)
        return Published(done.written + written, done.left)

    def publish_part(
        self,
        *,
        event: EventSnapshot,
        outcomes: Sequence[Outcome],
        codes: Sequence[AccessCode],
        freed: Freed,
        earlier_part: str,
    ) -> str:
        """Publishes a part of what is missing of an event, and more follows. Returns its name.

        Raises NotReplicated, and publishes nothing, if the replicas are away.
        """
        self.require_replicas(event.event_id)
        publication = Publication(self._client, event, outcomes, 0, False, freed)
        return publication.send_named(parts_of(outcomes, codes), earlier_part)[0]

    def require_replicas(self, event_id: int) -> None:
        """Returns when enough replicas have all that was written of an event. Raises NotReplicated: not in time."""
        if self._replicas:
            require_replicas(self._client, k.event_keys(event_id).queue, self._replicas)

    def mark_idle(self, event_id: int) -> bool:
        """Marks the event idle. False: entries came in meanwhile."""
        return bool(calls.idle(k.event_keys(event_id)).run(self._client))

    def claim_wake(self, event_id: int) -> bool:
        """Claims the next wake-up. False: one is under way, or a drain is at work."""
        return bool(self._client.set(k.event_keys(event_id).wake, "1", nx=True, px=k.WAKE_TTL_MS))

    def wake_after(self, event_id: int, *, ms: int) -> None:
        """Allows the next wake-up after `ms` at the latest, since this one led to no drain."""
        self._client.pexpire(k.event_keys(event_id).wake, ms, lt=True)

    def wake_after_lease(self, event_id: int) -> None:
        """Allows the next wake-up when the lease ends. A live holder renews both together; after a killed one, the
        event waits no longer than its lease."""
        left: Any = self._client.pttl(k.event_keys(event_id).lease)
        self.wake_after(event_id, ms=max(left, 1))

    def lengths(self, event_ids: Sequence[int]) -> list[int]:
        """Counts the entries of each event's stream; several expiries may be one."""
        pipe = self._client.pipeline(transaction=False)
        for event_id in event_ids:
            pipe.xlen(k.event_keys(event_id).queue)
        return list(pipe.execute())
