"""Decides an event's queue, oldest first, batch by batch.

A drain takes the event's lease and works for one time slice (`worker.pipeline` has the steps of its batches). A crash
between any two steps is repaired by the next drain: entries stay in the queue until the last step, and the ledger
leaves tickets it already holds alone. The lease only saves work; the event's row lock decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from events.admission.queue import Lease, Queue
from events.ledger.batch_context import Digest
from events.ledger.commit import NoSuchEvent
from events.ledger.unpublished import CopyBehind, LedgerBehind
from omnify.common import metrics
from omnify.common.logs import get_logger
from worker.failpoints import Failpoint
from worker.pipeline import Pipeline

logger = get_logger(__name__)

BATCH = 1000
SLICE_SECONDS = 1.0
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
        take_back: takes published decisions of an event back that the ledger lacks (`worker.unfounded`).
        republish: publishes what Redis lacks of an event (`events.services.republish`).
        wake_dispatchers: called after a batch that has written webhook messages.
        checkpoint: called at each failpoint, where a crash test may stop the process.
        slice_seconds: how long `run` works at most before other events get their turn.
        batch: how many entries are decided in one transaction at most.
        pipeline: makes the turn: `Pipeline`, or one with traces (`worker.traces`).
    """

    queue: Queue
    digest: Digest
    take_back: Callable[[int], object]
    republish: Callable[[Lease], object]
    wake_dispatchers: Callable[[], None] = lambda: None
    checkpoint: Callable[[Failpoint], None] = lambda failpoint: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    slice_seconds: float = SLICE_SECONDS
    batch: int = BATCH
    pipeline: Callable[..., Pipeline] = Pipeline

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
        except CopyBehind:
            self.republish(lease)
        return Drained.MORE

    def _work(self, lease: Lease) -> Drained:
        started = self.clock()
        turn = self.pipeline(
            queue=self.queue,
            digest=self.digest,
            wake_dispatchers=self.wake_dispatchers,
            checkpoint=self.checkpoint,
            clock=self.clock,
            sleep=self.sleep,
            batch=self.batch,
            lease=lease,
            deadline=started + self.slice_seconds,
            renewed=started,
            published=self.queue.published(lease.event_id),
        )
        while self.clock() < turn.deadline:
            entries = self.queue.head(lease.event_id, count=self.batch)
            if not entries:
                if self.queue.mark_idle(lease.event_id):
                    return Drained.IDLE
            elif not turn.decide(entries):
                return Drained.TAKEN
        return Drained.MORE
