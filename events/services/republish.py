"""Publishes again what the queue's server does not have of events: rows changed while it was out of reach, and changes
of tickets that were never published, or that it has lost since.

It is read and published a few thousand tickets at a time. Only the last of these calls has the event's copy say that
nothing is missing, so a crash in between costs only time. Two at once would each hide what the other has done, so what
takes more than one call is done under the event's lease.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import redis

from events.admission import snapshots
from events.admission.queue import Lease, Queue
from events.domain.codes import AccessCode
from events.domain.outcome import Outcome
from events.domain.snapshot import EventProgress, EventSnapshot
from events.domain.times import from_ms
from events.ledger.batch_context import Digest, with_digest
from events.ledger.code_uses import codes_changed_since, moments_of_code_changes
from events.ledger.corrections import Freed, combined, freed_since
from events.ledger.lookup import event_progress, find_events
from events.ledger.tickets import changed_since, known_tickets, moments_of_changes
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# Tickets that are read at once: about 2 MB.
PAGE = 2000


class _Part(NamedTuple):
    """What is read at once."""

    outcomes: Sequence[Outcome]
    freed: Freed
    codes: Sequence[AccessCode]

    def joined(self, *others: _Part) -> _Part:
        """Makes one of several."""
        parts = (self, *others)
        outcomes = [outcome for part in parts for outcome in part.outcomes]
        codes = [code for part in parts for code in part.codes]
        return _Part(outcomes, combined([part.freed for part in parts]), codes)


def catch_up(queue: Queue, client: redis.Redis, event_ids: Sequence[int], *, digest: Digest) -> bool:
    """Publishes what Redis does not have of these events, also decisions on tickets whose entries are in the queue,
    which the next drain publishes otherwise.

    Returns whether Redis has all that the ledger held before. Raises redis.exceptions.RedisError.
    """
    rows = event_progress(event_ids)
    if not any(_behind(client, rows)):
        return True
    republish(queue, client, event_ids, digest=digest, queued=True)
    return not any(_behind(client, rows))


def _behind(client: redis.Redis, rows: Sequence[EventProgress]) -> list[bool]:
    copies = snapshots.event_progress(client, [row.event_id for row in rows])
    return [copies[row.event_id].misses(row) for row in rows]


def republish(
    queue: Queue, client: redis.Redis, event_ids: Sequence[int], *, digest: Digest, queued: bool = False
) -> int:
    """Publishes what Redis does not have of these events. Returns how many events were behind.

    A drain may be about to publish some of it too; twice is harmless. An event of which much is missing is left alone
    while a drain is at work on it. `queued`: see `catch_up`. Raises redis.exceptions.RedisError.
    """
    rows = event_progress(event_ids)
    copies = snapshots.event_progress(client, event_ids)  # later, since most of what is missing is just being published
    behind = {row.event_id: copies[row.event_id] for row in rows if copies[row.event_id].misses(row)}
    # Tickets are read after the row, so that no change up to the row's time is missed.
    for snapshot in find_events(list(behind)).values():
        _Missing(queue, snapshot, behind[snapshot.event_id].published_ms, digest, queued).publish()
    return len(behind)


def republish_leased(queue: Queue, client: redis.Redis, lease: Lease, *, digest: Digest) -> None:
    """Publishes what Redis does not have of one event, of which the caller has the lease.

    Raises redis.exceptions.RedisError.
    """
    copy = snapshots.event_progress(client, [lease.event_id])[lease.event_id]
    for snapshot in find_events([lease.event_id]).values():
        _Missing(queue, snapshot, copy.published_ms, digest).publish_leased(lease)


@dataclass(frozen=True, slots=True)
class _Missing:
    """What Redis lacks of one event: changes after `since_ms` and, with `queued`, decisions on tickets in the queue."""

    queue: Queue
    event: EventSnapshot
    since_ms: int
    digest: Digest
    queued: bool = False

    def publish(self) -> None:
        """Publishes it, under the event's lease if it is much. Does nothing if that is taken."""
        first, *others = islice(self._parts(), 3)
        if len(others) < 2:
            self._publish_last(first.joined(*others))
            return
        lease = self.queue.lease(self.event.event_id)
        if lease is not None:
            try:
                self.publish_leased(lease)
            finally:
                self.queue.release(lease)

    def publish_leased(self, lease: Lease) -> None:
        """Publishes it part by part. Ends early when the lease is lost."""
        earlier, parts = "", self._parts()
        part = next(parts)
        for following in parts:
            earlier = self.queue.publish_part(event=self.event, **part._asdict(), earlier_part=earlier)
            if not self.queue.renew(lease):
                return
            part = following
        self._publish_last(part, earlier)

    def _publish_last(self, part: _Part, earlier: str = "") -> None:
        event, parts = self.event, part._asdict()
        self.queue.publish(event=event, **parts, counted=False, since_ms=self.since_ms, earlier_part=earlier)
        logger.info("the door's copy of an event was old", event_id=event.event_id, tickets=len(part.outcomes))

    def _parts(self) -> Iterator[_Part]:
        if self.queued:
            yield from self._decided_in_queue()
        yield from self._changes()

    def _decided_in_queue(self) -> Iterator[_Part]:
        """Reads first decisions on tickets whose entries are there. They are at the head: a drain decides in the order
        of the queue, and what it has decided leaves the queue when it is published."""
        after: int | None = None
        while entries := self.queue.head(self.event.event_id, count=PAGE, after=after):
            known = known_tickets(self.event.event_id, [entry.key for entry in entries if entry.key])
            if not known:
                return
            # Later ones are among the changes, with what they freed.
            first = [with_digest(held, self.digest).outcome for held in known.values() if held.outcome.revision == 1]
            yield _Part(first, {}, ())
            after = entries[-1].sequence

    def _changes(self) -> Iterator[_Part]:
        """Reads changes in the order of their moments. What changes again meanwhile comes later."""
        event_id, since, coded = self.event.event_id, from_ms(self.since_ms), self.event.has_codes
        while True:
            moments = moments_of_changes(event_id, since, count=PAGE)
            if coded:
                moments += moments_of_code_changes(event_id, since, count=PAGE)
            until = min(moments, default=None)
            changed = changed_since(event_id, since, until=until)
            yield _Part(
                [with_digest(held, self.digest).outcome for held in changed],
                freed_since(event_id, since, until=until),
                codes_changed_since(event_id, since, until=until) if coded else (),
            )
            if until is None:
                return
            since = until
