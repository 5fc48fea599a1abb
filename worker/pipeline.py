"""A drain's turn at one event: batches in order, with the steps of neighbouring ones at the same time.

    read → decide and commit (ledger) → publish (door sees it) and trim

While the database works on one batch, the one before is published and trimmed, which is one call, and the next one is
read and drafted. Batches are committed and published in order all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import NamedTuple

from events.admission.entry import Entry
from events.admission.queue import Lease, Queue
from events.domain.commands import Command, Request
from events.domain.snapshot import CopyProgress, EventSnapshot
from events.ledger.batch_context import Digest
from events.ledger.commit import Batch, commit_batch
from events.ledger.decision_log.entry_maker import EntryMaker
from events.ledger.draft import draft_batch
from events.ledger.plan import Plan
from events.ledger.write import Committed
from worker.failpoints import Failpoint
from worker.reporting import report

# A batch of ten costs nearly as much as one of a hundred, in time that the door could use. So after a batch that is not
# full the drain pauses: this long after CROWD or more entries, less after fewer.
REST_SECONDS = 0.05
CROWD = 100
# A renewal costs an fsync that the door waits for too, so not every batch makes one. Leases last 12 s, wake flags 4 s.
RENEW_SECONDS = 0.25
# Python runs one thread at a time, and hands over every 5 ms. A helper that began while a batch's thread asks the
# database short questions would make it wait after each of them, with the event's row locked. So helpers begin when its
# rows are under way, but no later than this: the batch before is not to wait for a row that another holds.
HEAD_START_SECONDS = 0.02


class _Head(NamedTuple):
    """What was read of the queue, its commands, and what is going to be written for them, as far as that is known."""

    entries: Sequence[Entry]
    commands: Sequence[Command]
    draft: Plan | None = None


@dataclass(slots=True, kw_only=True)
class Pipeline:
    """One drain's turn at one event. Its dependencies are those of `worker.drain.Drain`.

    Attributes:
        deadline, renewed: when it ends, and when the lease was prolonged last (by the drain's clock).
        published: how far the copy of the event in Redis is. Read once; on a server that has taken over with less, what
            this turn publishes does not count as complete.
        event, maker: its row after the last commit, and what makes the entries of its decision log.
    """

    queue: Queue
    digest: Digest
    wake_dispatchers: Callable[[], None]
    checkpoint: Callable[[Failpoint], None]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    batch: int
    lease: Lease
    deadline: float
    renewed: float
    published: CopyProgress
    event: EventSnapshot | None = None
    maker: EntryMaker | None = None

    @property
    def event_id(self) -> int:
        """The event whose turn it is."""
        return self.lease.event_id

    def decide(self, entries: Sequence[Entry]) -> bool:
        """Decides `entries` and what is behind them, as long as batches are full. Returns False if the lease is lost.

        One helper announces the batch before, another reads what is behind, while the database writes this one. What is
        not found this way (entries after an unfinished command, or entries with lower sequences after Redis was
        restored from an older state) is found the next time the drain reads the head of the queue.
        """
        head = _Head(entries, _commands(entries))
        with ThreadPoolExecutor(max_workers=2, thread_name_prefix="drain") as helpers:
            announced: Future[None] | None = None
            writing = Event()
            while True:
                started, entries = self.clock(), head.entries
                full, before_ms = len(entries) >= self.batch, self.published.published_ms
                behind = helpers.submit(self._read_behind, entries, self.event, self.maker, writing) if full else None
                done = self._commit(head, writing)
                if announced is not None:
                    announced.result()
                lease_held = self._renew()
                more = lease_held and self.clock() < self.deadline and done.unfinished is None
                head = behind.result() if behind is not None and more else _Head((), ())
                finished = _finished(entries, done)
                if not head.entries:
                    break
                writing = Event()
                announced = helpers.submit(self._announce, done, finished, started, before_ms, writing)
        self._announce(done, finished, started, before_ms, writing)
        if done.unfinished is None:
            self._pause(len(entries))
        return lease_held

    def _renew(self) -> bool:
        """Prolongs the lease now and then. Returns False if it is lost."""
        now = self.clock()
        if now - self.renewed < RENEW_SECONDS:
            return True
        self.renewed = now
        return self.queue.renew(self.lease)

    def _read_behind(
        self, entries: Sequence[Entry], event: EventSnapshot | None, maker: EntryMaker | None, writing: Event
    ) -> _Head:
        writing.wait(HEAD_START_SECONDS)
        behind = self.queue.head(self.event_id, count=self.batch, after=entries[-1].sequence)
        commands = _commands(behind)
        if event is None:
            return _Head(behind, commands)
        draft = draft_batch(commands, event=event, ahead=len(entries), queue_now=self._queue_now, maker=maker)
        return _Head(behind, commands, draft)

    def _queue_now(self) -> int:
        return self.queue.now_ms(self.event_id)

    def _pause(self, size: int) -> None:
        """Lets the next batch gather after one that was not full."""
        if size < self.batch:
            self.sleep(REST_SECONDS * min(1.0, size / CROWD))

    def _commit(self, head: _Head, writing: Event) -> Committed:
        batch = Batch(
            commands=head.commands,
            poisoned=[
                Request.blank(entry.key, entry.sequence, entry.requested_ms)
                for entry in head.entries
                if entry.command is None and entry.key and not entry.kind
            ],
            draft=head.draft,
            digest=self.digest,
            published=self.published,
            queue_now=self._queue_now,
            before_write=writing.set,
            before_commit=self._before_commit,
        )
        done = commit_batch(self.event_id, batch)
        writing.set()
        self.checkpoint("drain.after_commit")
        self.event, self.maker = done.event, done.maker
        # Batches are published in order: by the time the next one is, this one has been.
        shown = max(self.published.published_ms, done.event.decided_ms)
        self.published = CopyProgress(self.published.version or done.event.version, shown)
        return done

    def _before_commit(self) -> None:
        self.checkpoint("drain.before_commit")

    def _announce(
        self, done: Committed, entries: Sequence[Entry], started: float, before_ms: int, writing: Event
    ) -> None:
        """Publishes what changed after `before_ms`, and trims; in a thread, beside the next batch, if more follows."""
        writing.wait(HEAD_START_SECONDS)
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
    unfinished = next(n for n, entry in enumerate(entries) if entry.key == done.unfinished)
    return entries[:unfinished]
