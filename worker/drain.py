"""Decides an event's queue, oldest first, batch by batch.

    read the head → decide and commit (ledger) → publish (door sees it) and trim

Publishing and trimming, which is one call, runs beside the commit of the next batch if there is one; batches are
published in order all the same. A crash between any two steps is repaired by the next drain: entries stay in the queue
until the last step, and the ledger leaves tickets it already holds alone. The lease only saves work; the event's row
lock decides.
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
from events.domain.snapshot import CopyProgress
from events.domain.states import Status
from events.domain.tickets import reference
from events.ledger.batch_context import Digest
from events.ledger.commit import Batch, LedgerBehind, NoSuchEvent, commit_batch
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
# A renewal costs an fsync that the door waits for too, so not every batch makes one. Leases last 12 s, wake flags 4 s.
RENEW_SECONDS = 0.25


class Drained(StrEnum):
    """How a drain ended, and what its caller does next."""

    IDLE = "idle"  # the queue is empty: nothing to do
    MORE = "more"  # the time slice is over: queue up again, behind the other events
    TAKEN = "taken"  # another drain is at work: leave it to that one
    BACK_OFF = "back_off"  # a store is out of reach: the sweep will try again
    NO_EVENT = "no_event"  # the ledger does not have this event: leave its queue alone


@dataclass(slots=True, kw_only=True)
class _Slice:
    """A drain's turn at one event.

    Attributes:
        deadline, renewed: when it ends, and when the lease was prolonged last (by the drain's clock).
        published: how far the copy of the event in Redis is. Read once: neither store can lose any of it without
            breaking the connection, which ends the turn.
    """

    lease: Lease
    deadline: float
    renewed: float
    published: CopyProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A drain and its dependencies.

    Args:
        digest: turns an `email_key` into its form in Redis.
        take_back: takes published decisions of an event back that the ledger lacks (`worker.unfounded`).
        wake_dispatchers: called after a batch that has written webhook messages.
        checkpoint: called at each failpoint, where a crash test may stop the process.
        slice_seconds: how long `run` works at most before other events get their turn.
        batch: how many entries are decided in one transaction at most.
    """

    queue: Queue
    digest: Digest
    take_back: Callable[[int], object]
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
        except LedgerBehind:
            self.take_back(lease.event_id)
            return Drained.MORE
        except NoSuchEvent:
            logger.error("queue of an unknown event", event_id=lease.event_id)
            return Drained.NO_EVENT
        finally:
            self.queue.release(lease)

    def _work(self, lease: Lease) -> Drained:
        started = self.clock()
        work = _Slice(
            lease=lease,
            deadline=started + self.slice_seconds,
            renewed=started,
            published=self.queue.published(lease.event_id),
        )
        while self.clock() < work.deadline:
            entries = self.queue.head(lease.event_id, count=self.batch)
            if not entries:
                if self.queue.mark_idle(lease.event_id):
                    return Drained.IDLE
            elif not self._pipeline(work, entries):
                return Drained.TAKEN
        return Drained.MORE

    def _pipeline(self, work: _Slice, entries: Sequence[Entry]) -> bool:
        """Decides `entries` and those after them, as long as batches are full. Returns False if the lease is lost.

        A helper announces the batch before and reads the entries behind while the database works on this one. What is
        not found this way (entries after an unfinished command, or entries with lower sequences after Redis was
        restored from an older state) is found the next time `_work` reads the head of the queue.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="announce") as helper:
            announced: Future[None] | None = None
            while True:
                started = self.clock()
                behind = helper.submit(self._next_entries, work, entries) if len(entries) == self.batch else None
                done = self._decide(work, entries)
                if announced is not None:
                    announced.result()
                lease_held = self._renew(work)
                more = lease_held and self.clock() < work.deadline and done.unfinished is None
                following = behind.result() if behind is not None and more else []
                finished = _finished(entries, done)
                if not following:
                    break
                announced = helper.submit(self._announce, done, finished, started)
                entries = following
        self._announce(done, finished, started)
        if done.unfinished is None:
            self._pause(len(entries))
        return lease_held

    def _renew(self, work: _Slice) -> bool:
        """Prolongs the lease now and then. Returns False if it is lost."""
        now = self.clock()
        if now - work.renewed < RENEW_SECONDS:
            return True
        work.renewed = now
        return self.queue.renew(work.lease)

    def _next_entries(self, work: _Slice, entries: Sequence[Entry]) -> Sequence[Entry]:
        return self.queue.head(work.lease.event_id, count=self.batch, after=entries[-1].sequence)

    def _pause(self, size: int) -> None:
        """Lets the next batch gather after one that was not full."""
        if size < self.batch:
            self.sleep(REST_SECONDS * min(1.0, size / CROWD))

    def _decide(self, work: _Slice, entries: Sequence[Entry]) -> Committed:
        batch = Batch(
            commands=[entry.command for entry in entries if entry.command],
            poisoned=[
                Request.blank(entry.key, entry.sequence, entry.requested_ms)
                for entry in entries
                if entry.command is None and entry.key and not entry.kind
            ],
            digest=self.digest,
            published=work.published,
            before_commit=lambda: self.checkpoint("drain.before_commit"),
        )
        done = commit_batch(work.lease.event_id, batch)
        self.checkpoint("drain.after_commit")
        if work.published.version is not None:
            # Batches are published in order: by the time the next one is, this one has been.
            shown = max(work.published.published_ms, done.event.decided_ms)
            work.published = CopyProgress(work.published.version, shown)
        return done

    def _announce(self, done: Committed, entries: Sequence[Entry], started: float) -> None:
        """Publishes and trims, in a thread if more follows: Redis works on one batch while the database works on the
        next."""
        rate = done.decided / max(self.clock() - started, 1e-3)
        left = self.queue.publish(
            event=done.event, outcomes=done.outcomes, entries=entries, decisions_per_second=rate
        ).left
        if done.messages:
            self.wake_dispatchers()
        self.checkpoint("drain.after_publish")
        self._report(done, seconds=self.clock() - started, left=left)

    def _report(self, done: Committed, *, seconds: float, left: int) -> None:
        metrics.BATCH_SIZE.observe(len(done.outcomes))
        metrics.BATCH_SECONDS.observe(seconds)
        by_status: dict[str, list[str]] = {}
        event_id = done.event.event_id
        for outcome in done.outcomes:
            by_status.setdefault(_decision(outcome), []).append(reference(event_id, outcome.key))
        for decision, refs in by_status.items():
            metrics.DECISIONS.labels(decision).inc(len(refs))
        fields = {
            "event_id": event_id,
            "left": left,
            "seconds": round(seconds, 4),
            "rewound": done.rewound,
        }
        logger.info("decided", tickets=by_status, **fields)


def _decision(outcome: Outcome) -> str:
    """Returns the decision's name in logs and metrics: the status, or the reason of a rejection."""
    # As plain strings: hashing a member of an enumeration calls Python code.
    return str((outcome.status is Status.REJECTED and outcome.reason) or outcome.status)


def _finished(entries: Sequence[Entry], done: Committed) -> Sequence[Entry]:
    """Returns the entries that may be trimmed: those before a command that is not finished."""
    if done.unfinished is None:
        return entries
    unfinished = next(n for n, entry in enumerate(entries) if entry.kind and entry.key == done.unfinished)
    return entries[:unfinished]
