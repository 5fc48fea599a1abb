"""What Prometheus reads at `/metrics`, summed over all processes that share `METRICS_DIR`.

Counters and histograms live in memory-mapped files of prometheus_client's multiprocess mode, one set for each
process; what is true of the moment (queue depths, ages) is read from Redis when somebody asks.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15)

DOOR_ANSWERS = Counter("omnify_door_answers", "Answers of the door by route and status.", ["route", "status"])
ADMISSION_BATCH = Histogram(
    "omnify_admission_batch_size", "Registrations in one script call.", buckets=_SIZES
)
ADMISSION_SECONDS = Histogram(
    "omnify_admission_seconds", "Time of one admission call, fsync included.", buckets=_SECONDS
)
DECISIONS = Counter(
    "omnify_decisions", "Decisions by outcome: a status, or the reason of a rejection.", ["outcome"]
)
BATCH_SIZE = Histogram("omnify_drain_batch_size", "Tickets in one drain batch.", buckets=_SIZES)
BATCH_SECONDS = Histogram(
    "omnify_drain_batch_seconds", "Time of one drain batch, read to trim.", buckets=_SECONDS
)
LEASES = Counter("omnify_drain_leases", "Attempts to take an event's lease: acquired or taken.", ["result"])
LOST = Counter("omnify_tickets_lost", "Tickets asked for that the queue has lost.")


def registry() -> CollectorRegistry:
    """A registry that sums over the processes, or this process's own where no folder is shared."""
    from prometheus_client import REGISTRY

    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if not folder or not Path(folder).is_dir():
        return REGISTRY
    summed = CollectorRegistry()
    MultiProcessCollector(summed, path=folder)  # type: ignore[no-untyped-call]
    return summed
