"""Decides an event's queue, oldest first, batch by batch.

    read the head → decide and commit (ledger) → publish (door sees it) → trim

Publish and trim of one batch run beside the commit of the next; batches are published in order all the same. A crash
between any two steps is repaired by the next drain: entries stay in the queue until the last step, and the ledger
leaves tickets it already holds alone. The lease only saves work; the event's row lock decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from events.admission.entry import Entry
from events.admission.queue import Lease, Queue
from events.domain.commands import Request
from events.domain.outcome import Outcome
from events.domain.states import Status
from events.domain.tickets import reference
from events.ledger.batch_context import Digest
from events.ledger.commit import Batch, NoSuchEvent, commit_batch
from events.ledger.write import Committed
from omnify.common import metrics
from omnify.common.logs import get_logger
from worker.failpoints import Failpoint

logger = get_logger(__name__)

BATCH = 1000
SLICE_SECONDS = 1.0
# A batch of ten costs nearly as much as one of a hundred, in time that the door could use. So after a batch that is not
# full the drain pauses: this long after CROWD or more entries, less after fewer.
REST_SECONDS = 0.05
CROWD = 100
BACK_OFF_MS = 2000


class Drained(StrEnum):
    """How a drain ended, and what its caller does next."""

    IDLE = "idle"  # the queue is empty: nothing to do
    MORE = "more"  # the time slice is over: queue up again, behind the other events
    TAKEN = "taken"  # another drain is at work: leave it to that one
    BACK_OFF = "back_off"  # a store is out of reach: the sweep will try again
    NO_EVENT = "no_event"  # the ledger does not have this event: leave its queue alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A drain and its dependencies.

    Args:
        digest: turns an `email_key` into its form in Redis.
        wake_dispatchers: called after a batch that has written webhook messages.
        checkpoint: called at each failpoint, where a crash test may stop the process.
        slice_seconds: how long `run` works at most before other events get their turn.
        batch: how many entries are decided in one transaction at most.
    """

    queue: Queue
    digest: Digest
    wake_dispatchers: Callable[[], None] = lambda: None
    checkpoint: Callable[[Failpoint], None] = lambda failpoint: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    slice_seconds: float = SLICE_SECONDS
    batch: int = BATCH

    def run(self, event_id: int) -> Drained:
        """Drains one event until its queue is empty or the time slice is over."""
        try:
            lease = self.queue.lease(event_id)
            if lease is None:
                metrics.LEASES.labels("taken").inc()
                self.queue.wake_after_lease(event_id)
                return Drained.TAKEN
            metrics.LEASES.labels("acquired").inc()
            return self._drain_leased(lease)
        except RedisError as problem:
            logger.warning("redis out of reach", event_id=event_id, problem=type(problem).__name__)
            return Drained.BACK_OFF

    def _drain_leased(self, lease: Lease) -> Drained:
        try:
            return self._work(lease)
        except (OperationalError, InterfaceError) as problem:
            fields = {"event_id": lease.event_id, "problem": type(problem).__name__}
            logger.warning("ledger out of reach", **fields)
            self.queue.wake_after(lease.event_id, ms=BACK_OFF_MS)
            return Drained.BACK_OFF
        except NoSuchEvent:
            logger.error("queue of an unknown event", event_id=lease.event_id)
            return Drained.NO_EVENT
        finally:
            self.queue.release(lease)

    def _work(self, lease: Lease) -> Drained:
        deadline = self.clock() + self.slice_seconds
        published = self.queue.published_ms(lease.event_id)
        while self.clock() < deadline:
            entries = self.queue.head(lease.event_id, count=self.batch)
            if not entries and self.queue.mark_idle(lease.event_id):
                return Drained.IDLE
            if not self._pipeline(lease, entries, deadline, published):
                return Drained.TAKEN
            published = self.queue.published_ms(lease.event_id)
        return Drained.MORE

    def _pipeline(self, lease: Lease, entries: Sequence[Entry], deadline: float, published: int | None) -> bool:
        """Decides `entries` and those after them, as long as batches are full. Returns False if the lease is lost.

        The next entries are read before the last batch is announced, so that Redis is free to reply. What is not found
        this way (entries after an unfinished command, or entries with lower sequences after Redis was restored from an
        older state) is found the next time `_work` reads the head of the queue.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="announce") as helper:
            announced: Future[None] | None = None
            while entries:
                started = self.clock()
                done = self._decide(lease.event_id, entries, published)
                if announced is not None:
                    announced.result()
                lease_held = self.queue.renew(lease)
                more = lease_held and self.clock() < deadline and done.unfinished is None
                size = len(entries)
                following = self._next_entries(lease, entries) if more and size == self.batch else []
                announced = helper.submit(self._announce, done, _finished(entries, done), started)
                # Batches are announced in order: by the time the next one is, this one has been.
                published = None if published is None else max(published, done.event.decided_ms)
                entries = following
            if announced is not None:
                announced.result()
                if done.unfinished is None:
                    self._pause(size)
                return lease_held
        return True

    def _next_entries(self, lease: Lease, entries: Sequence[Entry]) -> Sequence[Entry]:
        return self.queue.head(lease.event_id, count=self.batch, after=entries[-1].sequence)

    def _pause(self, size: int) -> None:
        """Lets the next batch gather after one that was not full."""
        if size < self.batch:
            self.sleep(REST_SECONDS * min(1.0, size / CROWD))

    def _decide(self, event_id: int, entries: Sequence[Entry], published: int | None) -> Committed:
        batch = Batch(
            commands=[entry.command for entry in entries if entry.command],
            poisoned=[
                Request.blank(entry.key, entry.sequence, entry.requested_ms)
                for entry in entries
                if entry.command is None and entry.key and not entry.kind
            ],
            digest=self.digest,
            published_ms=published,
            before_commit=lambda: self.checkpoint("drain.before_commit"),
        )
        done = commit_batch(event_id, batch)
        self.checkpoint("drain.after_commit")
        return done

    def _announce(self, done: Committed, entries: Sequence[Entry], started: float) -> None:
        """Publishes and trims, in a thread: Redis works on one batch while the database works on the next."""
        rate = done.decided / max(self.clock() - started, 1e-3)
        self.queue.publish(event=done.event, outcomes=done.outcomes, decisions_per_second=rate)
        if done.messages:
            self.wake_dispatchers()
        self.checkpoint("drain.after_publish")
        left = self.queue.trim(done.event.event_id, entries)
        self._report(done, seconds=self.clock() - started, left=left)

    def _report(self, done: Committed, *, seconds: float, left: int) -> None:
        metrics.BATCH_SIZE.observe(len(done.outcomes))
        metrics.BATCH_SECONDS.observe(seconds)
        by_status: dict[str, list[str]] = {}
        for outcome in done.outcomes:
            by_status.setdefault(_decision(outcome), []).append(reference(done.event.event_id, outcome.key))
        for decision, refs in by_status.items():
            metrics.DECISIONS.labels(decision).inc(len(refs))
        fields = {
            "event_id": done.event.event_id,
            "left": left,
            "seconds": round(seconds, 4),
            "rewound": done.rewound,
        }
        logger.info("decided", tickets=by_status, **fields)


def _decision(outcome: Outcome) -> str:
    """Returns the decision's name in logs and metrics: the status, or the reason of a rejection."""
    rejected = outcome.status is Status.REJECTED and outcome.reason
    return rejected.value if rejected else outcome.status.value


def _finished(entries: Sequence[Entry], done: Committed) -> Sequence[Entry]:
    """Returns the entries that may be trimmed: those before a command that is not finished."""
    if done.unfinished is None:
        return entries
    unfinished = next(n for n, entry in enumerate(entries) if entry.kind and entry.key == done.unfinished)
    return entries[:unfinished]
