"""The metrics of all processes: door responses, admissions, decisions, batches, leases.

With `PROMETHEUS_MULTIPROC_DIR` set, counters and histograms live in memory-mapped files of prometheus_client's
multiprocess mode, one set for each process, in a subfolder for each host: containers that share the folder may have
equal process ids. `AllProcesses` sums them up.
"""

from __future__ import annotations

import asyncio
import os
import socket
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if ROOT:
    _own = Path(ROOT) / socket.gethostname()
    _own.mkdir(parents=True, exist_ok=True)
    # prometheus_client reads this when it is imported, and again for each new file.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_own)

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15)

DOOR_ANSWERS = Counter("omnify_door_answers", "Answers of the door by route and status.", ["route", "status"])
SLOW_PATH = Counter(
    "omnify_door_slow_path", "Registrations and polls that did not take the fast path, by route.", ["route"]
)
ADMISSION_BATCH = Histogram("omnify_admission_batch_size", "Registrations in one script call.", buckets=_SIZES)
ADMISSION_SECONDS = Histogram(
    "omnify_admission_seconds", "Time of one admission call, fsync included.", buckets=_SECONDS
)
DECISIONS = Counter("omnify_decisions", "Decisions by outcome: a status, or the reason of a rejection.", ["outcome"])
BATCH_SIZE = Histogram("omnify_drain_batch_size", "Tickets in one drain batch.", buckets=_SIZES)
BATCH_SECONDS = Histogram("omnify_drain_batch_seconds", "Time of one drain batch, read to trim.", buckets=_SECONDS)
LEASES = Counter("omnify_drain_leases", "Attempts to take an event's lease: acquired or taken.", ["result"])
WEBHOOK_ATTEMPTS = Counter("omnify_webhook_attempts", "Webhook requests by what they led to.", ["result"])
WEBHOOK_SECONDS = Histogram("omnify_webhook_seconds", "Time of one webhook request.", buckets=_SECONDS)
MAILS = Counter("omnify_mails", "Attempts to send a mail, by its kind and what came of it.", ["kind", "outcome"])
MAIL_SECONDS = Histogram("omnify_mail_seconds", "Time of one attempt to send a mail.", buckets=_SECONDS)
LOST = Counter(
    "omnify_tickets_lost",
    "Tickets that were accepted and are lost, each once, by how they were found: a sweep missed their entries (sweep), "
    "a promoted database lacks their decisions (database), or their holders asked for them first (asked).",
    ["found"],
)
UNFOUNDED = Counter(
    "omnify_decisions_taken_back",
    "Published decisions that the ledger lacked after a promotion: lost tickets, or changed to an earlier state.",
    ["result"],
)
ORPHANS = Counter(
    "omnify_orphan_events",
    "Events that Redis knew and the ledger did not: their doors are closed, their tickets are lost.",
)
WATCHERS = Gauge(
    "omnify_watchers",
    "Clients that a door holds now: open event streams (stream) and long polls (poll).",
    ["kind"],
    multiprocess_mode="livesum",
)
TRACE_SPANS = Counter(
    "omnify_trace_spans",
    "Spans that the collector took (exported), that it did not take (refused), or that found its queue full (dropped).",
    ["result"],
)

_FLUSH_SECONDS = 0.5


class BufferedCounter:
    """Adds up a counter's increments on the event loop, and writes them half a second later.

    In multiprocess mode an increment costs about 2 µs, which a door has no time for. What was counted in `first` is
    written before this counter, so that where this is seen, that is. What is not written yet is lost when the process
    is killed: at most the last half second.
    """

    __slots__ = ("_counter", "_first", "_pending")

    def __init__(self, counter: Counter, *, first: BufferedCounter | None = None) -> None:
        self._counter = counter
        self._first = first
        self._pending: dict[tuple[str | int, ...], int] = {}

    def add(self, labels: tuple[str | int, ...]) -> None:
        """Counts one more with these values of the counter's labels. Must be called on an event loop."""
        if not self._pending:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        self._pending[labels] = self._pending.get(labels, 0) + 1

    def flush(self) -> None:
        """Writes now."""
        if self._first is not None:
            self._first.flush()
        for labels, number in self._pending.items():
            self._counter.labels(*labels).inc(number)
        self._pending.clear()


class BufferedHistogram:
    """Keeps a histogram's observations, and adds them up half a second later, like `BufferedCounter`.

    In multiprocess mode an observation costs about 5 µs, and two are made for each batch of registrations.
    """

    __slots__ = ("_histogram", "_pending")

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._pending: list[float] = []

    def observe(self, amount: float) -> None:
        """Adds one observation. Must be called on an event loop."""
        if not self._pending:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        self._pending.append(amount)

    def flush(self) -> None:
        """Writes now."""
        pending, self._pending = self._pending, []
        if pending:
            observe_all(self._histogram, pending)


def observe_all(histogram: Histogram, amounts: Sequence[float]) -> None:
    """Adds several observations. prometheus_client cannot do that, so this does what its `observe` does."""
    bounds = histogram._upper_bounds
    histogram._sum.inc(sum(amounts))
    for bucket, number in Counts(bisect_left(bounds, amount) for amount in amounts).items():
        histogram._buckets[bucket].inc(number)


class AllProcesses(Collector):
    """Collects the metrics of all processes of all hosts that share the folder."""

    def collect(self) -> Iterable[Metric]:
        """Sums over every process, living and dead."""
        files = [str(path) for path in Path(ROOT).glob("*/*.db")]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def remove_gauges(pid: int) -> None:
    """Removes the gauges of a process of this host that has died; its counters stay."""
    if ROOT:
        # Not the variable of the environment: in a process that has imported this module it names the host's folder.
        mark_process_dead(pid, str(Path(ROOT) / socket.gethostname()))  # type: ignore[no-untyped-call]
