"""Decides an event's queue, oldest first, batch by batch.

    read the head → decide and commit (ledger) → publish (door sees it) and trim

While the database works on one batch, the one before is published and trimmed, which is one call, and the next one is
read and drafted. Batches are committed and published in order all the same. A crash between any two steps is repaired
by the next drain: entries stay in the queue until the last step, and the ledger leaves tickets it already holds alone.
The lease only saves work; the event's row lock decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from events.admission.entry import Entry
from events.admission.queue import Lease, Queue
from events.domain.commands import Command, Request
from events.domain.snapshot import CopyProgress, EventSnapshot
from events.ledger.batch_context import Digest
from events.ledger.commit import Batch, LedgerBehind, NoSuchEvent, commit_batch, draft_batch
from events.ledger.plan import Plan
from events.ledger.write import Committed
from omnify.common import metrics
from omnify.common.logs import get_logger
from worker.failpoints import Failpoint
from worker.reporting import report

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
        published: how far the copy of the event in Redis is. Read once; on a server that has taken over with less, what
            this turn publishes does not count as complete.
        event: its row after the last commit.
    """

    lease: Lease
    deadline: float
    renewed: float
    published: CopyProgress
    event: EventSnapshot | None = None


class _Head(NamedTuple):
    """What was read of the queue, its commands, and what is going to be written for them, as far as that is known."""

    entries: Sequence[Entry]
    commands: Sequence[Command]
    draft: Plan | None = None


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
            return self._work_or_take_back(lease)
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

    def _work_or_take_back(self, lease: Lease) -> Drained:
        try:
            return self._work(lease)
        except LedgerBehind:
            self.take_back(lease.event_id)
            return Drained.MORE

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
            elif not self._pipeline(work, _Head(entries, _commands(entries))):
                return Drained.TAKEN
        return Drained.MORE

    def _pipeline(self, work: _Slice, head: _Head) -> bool:
        """Decides `head` and what is behind it, as long as batches are full. Returns False if the lease is lost.

        One helper announces the batch before, another reads what is behind, while the database works on this one. What
        is not found this way (entries after an unfinished command, or entries with lower sequences after Redis was
        restored from an older state) is found the next time `_work` reads the head of the queue.
        """
        with ThreadPoolExecutor(max_workers=2, thread_name_prefix="drain") as helpers:
            announced: Future[None] | None = None
            while True:
                started, entries = self.clock(), head.entries
                full, before_ms = len(entries) == self.batch, work.published.published_ms
                behind = helpers.submit(self._read_behind, work, entries, work.event) if full else None
                done = self._decide(work, head)
                if announced is not None:
                    announced.result()
                lease_held = self._renew(work)
                more = lease_held and self.clock() < work.deadline and done.unfinished is None
                head = behind.result() if behind is not None and more else _Head((), ())
                finished = _finished(entries, done)
                if not head.entries:
                    break
                announced = helpers.submit(self._announce, done, finished, started, before_ms)
        self._announce(done, finished, started, before_ms)
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

    def _read_behind(self, work: _Slice, entries: Sequence[Entry], event: EventSnapshot | None) -> _Head:
        behind = self.queue.head(work.lease.event_id, count=self.batch, after=entries[-1].sequence)
        commands = _commands(behind)
        draft = self._draft(commands, event, len(entries)) if event else None
        return _Head(behind, commands, draft)

    def _draft(self, commands: Sequence[Command], event: EventSnapshot, ahead: int) -> Plan | None:
        return draft_batch(commands, event=event, ahead=ahead, queue_now=lambda: self.queue.now_ms(event.event_id))

    def _pause(self, size: int) -> None:
        """Lets the next batch gather after one that was not full."""
        if size < self.batch:
            self.sleep(REST_SECONDS * min(1.0, size / CROWD))

    def _decide(self, work: _Slice, head: _Head) -> Committed:
        batch = Batch(
            commands=head.commands,
            poisoned=[
                Request.blank(entry.key, entry.sequence, entry.requested_ms)
                for entry in head.entries
                if entry.command is None and entry.key and not entry.kind
            ],
            draft=head.draft,
            digest=self.digest,
            published=work.published,
            queue_now=lambda: self.queue.now_ms(work.lease.event_id),
            before_commit=lambda: self.checkpoint("drain.before_commit"),
        )
        done = commit_batch(work.lease.event_id, batch)
        self.checkpoint("drain.after_commit")
        work.event = done.event
        # Batches are published in order: by the time the next one is, this one has been.
        shown = max(work.published.published_ms, done.event.decided_ms)
        work.published = CopyProgress(work.published.version or done.event.version, shown)
        return done

    def _announce(self, done: Committed, entries: Sequence[Entry], started: float, before_ms: int) -> None:
        """Publishes what changed after `before_ms`, and trims; in a thread if more follows."""
        rate = done.decided / max(self.clock() - started, 1e-3)
        left = self.queue.publish(
            event=done.event,
            outcomes=done.outcomes,
            entries=entries,
            codes=done.codes,
            decisions_per_second=rate,
            since_ms=before_ms,
            freed=done.freed,
        ).left
        if done.messages:
            self.wake_dispatchers()
        self.checkpoint("drain.after_publish")
        report(done, seconds=self.clock() - started, left=left)


def _commands(entries: Sequence[Entry]) -> list[Command]:
    return [entry.command for entry in entries if entry.command]


def _finished(entries: Sequence[Entry], done: Committed) -> Sequence[Entry]:
    """Returns the entries that may be trimmed: those before a command that is not finished."""
    if done.unfinished is None:
        return entries
    unfinished = next(n for n, entry in enumerate(entries) if entry.kind and entry.key == done.unfinished)
    return entries[:unfinished]
