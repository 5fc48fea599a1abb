"""Takes back what Redis has published and the ledger does not hold.

Without synchronous replication a promoted standby can lack the last commits. Their decisions were published, and their
entries are out of the queue, so they cannot be decided again: those tickets become `lost`, and their e-mails are free.
What the ledger holds in an earlier state is published as it is there; holders' cancellations that it lacks are queued
again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import redis

from events.admission import snapshots, unfounded
from events.admission.commands import enqueue_cancellation
from events.admission.queue import Queue
from events.admission.unfounded import ReadOutcome
from events.domain.outcome import Outcome
from events.domain.snapshot import CopyProgress, EventProgress, EventSnapshot
from events.domain.states import HOLDING, Reason
from events.ledger.batch_context import Digest, with_digest
from events.ledger.lookup import event_progress, find_events
from events.ledger.tickets import known_tickets
from omnify.common import metrics
from omnify.common.logs import get_logger

logger = get_logger(__name__)


@dataclass(slots=True)
class _Findings:
    """Of one event: outcomes without a row in the ledger, those with an earlier state there, the ledger's state of all
    that differ, and whose cancellation it lacks."""

    lost: list[ReadOutcome] = field(default_factory=list)
    changed: list[ReadOutcome] = field(default_factory=list)
    in_ledger: list[Outcome] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def compare(self, event_id: int, chunk: list[ReadOutcome], digest: Digest) -> None:
        """Asks the ledger about outcomes that have been read before."""
        known = known_tickets(event_id, [read.outcome.key for read in chunk])
        for read in chunk:
            if read.outcome.key not in known:
                self.lost.append(read)
                continue
            held = with_digest(known[read.outcome.key], digest).outcome
            if _is_same(read.outcome, held):
                continue
            self.in_ledger.append(held)
            if held.revision > read.outcome.revision:
                continue  # nothing to take back: it is published over the older one
            self.changed.append(read)
            if read.outcome.reason is Reason.BY_HOLDER and held.status in HOLDING:
                self.cancelled.append(held.key)


def _is_same(published: Outcome, held: Outcome) -> bool:
    """Tells whether the ledger holds what is published."""
    return _compared(published) == _compared(held)


def _compared(outcome: Outcome) -> tuple[int, str, int, int | None]:
    return outcome.revision, outcome.status, outcome.decided_ms, outcome.checked_in_ms


def take_back(queue: Queue, client: redis.Redis, event_id: int, *, digest: Digest, wake: Callable[[int], None]) -> int:
    """Takes an event's unfounded outcomes back. Returns how many tickets are lost. Repeating it changes nothing.

    Reads all of the event's published outcomes. Every step is repeated after a crash, since the copy of the event, from
    which the need is seen, is put right last.
    """
    copy = snapshots.event_progress(client, [event_id])[event_id]
    # Before the outcomes: up to this row's moment they are all compared, and the copy says so in the end.
    event = find_events([event_id]).get(event_id)
    if event is None:
        return 0
    found = _Findings()
    for chunk in unfounded.published_outcomes(client, event_id):
        found.compare(event_id, chunk, digest)
    keys = {read.outcome.key for read in found.lost}
    unfounded.take_back(client, event_id, [*found.lost, *found.changed], lost=keys)
    queue.publish(event=event, outcomes=found.in_ledger, counted=False)
    _requeue(client, event, found.cancelled, wake)
    snapshots.put_snapshot(client, event, replaces=copy.version or 0)
    metrics.LOST.labels("database").inc(len(keys))
    metrics.UNFOUNDED.labels("lost").inc(len(keys))
    metrics.UNFOUNDED.labels("changed").inc(len(found.changed))
    if not found.lost and not found.changed:
        return 0
    logger.error(
        "the ledger lacks decisions that were published: was a standby promoted that had not received them?",
        event_id=event_id,
        lost=len(keys),
        changed=len(found.changed),
        cancellations_queued_again=len(found.cancelled),
    )
    return len(keys)


def take_back_all(
    queue: Queue,
    client: redis.Redis,
    event_ids: Sequence[int],
    *,
    digest: Digest,
    wake: Callable[[int], None],
    suspect: bool = False,
) -> int:
    """Takes back what is unfounded of these events. Returns how many tickets are lost.

    `suspect`: looks at all that Redis has a copy of, not only at copies that are visibly ahead of the ledger. They stop
    being that once the new primary has been written to.
    """
    copies = snapshots.event_progress(client, event_ids)
    rows = event_progress(event_ids)
    ahead = [row.event_id for row in rows if _is_ahead(copies[row.event_id], row, suspect=suspect)]
    return sum(take_back(queue, client, event_id, digest=digest, wake=wake) for event_id in ahead)


def _is_ahead(copy: CopyProgress, row: EventProgress, *, suspect: bool) -> bool:
    return copy.exceeds(row) or (suspect and copy.version is not None and not copy.is_deleted)


def _requeue(client: redis.Redis, event: EventSnapshot, keys: list[str], wake: Callable[[int], None]) -> None:
    enqueued = [enqueue_cancellation(client, event, key=key) for key in keys]
    if any(done is not None and done.wake for done in enqueued):
        wake(event.event_id)
