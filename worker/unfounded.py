"""Takes back what Redis has published and the ledger does not hold.

Without synchronous replication a promoted standby can lack the last commits. Their decisions were published, and their
entries are out of the queue, so they cannot be decided again: those tickets become `lost`, and their e-mails are free.
What the ledger holds in an earlier state is published as it is there; cancellations and confirmations that it lacks are
queued again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import redis

from events.admission import snapshots, unfounded
from events.admission.commands import requeue_cancellation, requeue_confirmation
from events.admission.queue import Queue
from events.admission.unfounded import ReadOutcome
from events.domain.outcome import Outcome
from events.domain.snapshot import CopyProgress, EventProgress, EventSnapshot
from events.domain.states import HOLDING, Reason, Status
from events.ledger.batch_context import Digest, with_digest
from events.ledger.lookup import event_progress, find_events
from events.ledger.tickets import known_tickets
from omnify.common import metrics
from omnify.common.logs import get_logger

logger = get_logger(__name__)

# What a drain has decided since it was compared may be overwritten with what it was before, so all is compared again.
_ROUNDS = 3


@dataclass(slots=True)
class _Findings:
    """Of one event: outcomes without a row in the ledger, those with an earlier state there, the ledger's state of all
    that differ, and whose cancellation or confirmation it lacks."""

    lost: list[ReadOutcome] = field(default_factory=list)
    changed: list[ReadOutcome] = field(default_factory=list)
    in_ledger: list[Outcome] = field(default_factory=list)
    cancelled: list[tuple[str, Reason]] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)

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
            if read.outcome.reason in (Reason.BY_HOLDER, Reason.BY_ORGANIZER) and held.status in HOLDING:
                self.cancelled.append((held.key, read.outcome.reason))
            if read.outcome.status is Status.CONFIRMED and held.status is Status.HELD:
                self.confirmed.append(held.key)


def _is_same(published: Outcome, held: Outcome) -> bool:
    """Tells whether the ledger holds what is published."""
    return _compared(published) == _compared(held)


def _compared(outcome: Outcome) -> tuple[int, str, int, int | None]:
    return outcome.revision, outcome.status, outcome.decided_ms, outcome.checked_in_ms


def take_back(queue: Queue, client: redis.Redis, event_id: int, *, digest: Digest, wake: Callable[[int], None]) -> int:
    """Takes an event's unfounded outcomes back. Returns how many tickets are lost. Repeating it changes nothing.

    Reads all of the event's published outcomes. Every step is repeated after a crash, since the copy of the event, from
    which the need is seen, is put right last, and cancellations are queued again before what shows them is taken back.
    """
    copy = snapshots.event_progress(client, [event_id])[event_id]
    # Before the outcomes: up to this row's moment they are all compared, and the copy says so in the end.
    event = find_events([event_id]).get(event_id)
    if event is None:
        return 0
    lost = 0
    for _ in range(_ROUNDS):
        found = _compare(client, event_id, digest)
        if not found.lost and not found.in_ledger:
            break
        _requeue(queue, client, event, found, wake)
        keys = {read.outcome.key for read in found.lost}
        unfounded.take_back(client, event_id, [*found.lost, *found.changed], lost=keys)
        queue.publish(event=event, outcomes=found.in_ledger, counted=False)
        _report(event_id, found)
        lost += len(keys)
    snapshots.put_snapshot(client, event, replaces=copy.version or 0)
    return lost


def _compare(client: redis.Redis, event_id: int, digest: Digest) -> _Findings:
    found = _Findings()
    for chunk in unfounded.published_outcomes(client, event_id):
        found.compare(event_id, chunk, digest)
    return found


def _report(event_id: int, found: _Findings) -> None:
    lost, changed = len(found.lost), len(found.changed)
    if not lost and not changed:
        return
    metrics.LOST.labels("database").inc(lost)
    metrics.UNFOUNDED.labels("lost").inc(lost)
    metrics.UNFOUNDED.labels("changed").inc(changed)
    logger.error(
        "the ledger lacks decisions that were published: was a standby promoted that had not received them?",
        event_id=event_id,
        lost=lost,
        changed=changed,
        cancellations_queued_again=len(found.cancelled),
        confirmations_queued_again=len(found.confirmed),
    )


def lose_all(client: redis.Redis, event_id: int) -> int:
    """Takes back all outcomes of an event that the ledger does not have. Returns how many tickets are lost."""
    found = [read for chunk in unfounded.published_outcomes(client, event_id) for read in chunk]
    lost = unfounded.take_back(client, event_id, found, lost={read.outcome.key for read in found})
    metrics.LOST.labels("database").inc(lost)
    return lost


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


def _requeue(
    queue: Queue,
    client: redis.Redis,
    event: EventSnapshot,
    found: _Findings,
    wake: Callable[[int], None],
) -> None:
    if not found.cancelled and not found.confirmed:
        return
    enqueued = [
        requeue_cancellation(client, event, key=key, by_organizer=reason is Reason.BY_ORGANIZER)
        for key, reason in found.cancelled
    ]
    enqueued += [requeue_confirmation(client, event, key=key) for key in found.confirmed]
    queue.require_replicas(event.event_id)
    if any(done.wake for done in enqueued):
        wake(event.event_id)
