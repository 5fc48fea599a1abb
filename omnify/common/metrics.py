"""The metrics of all processes: door responses, admissions, decisions, batches, leases.

With `PROMETHEUS_MULTIPROC_DIR` set, counters and histograms live in memory-mapped files of prometheus_client's
multiprocess mode, one set for each process, in a subfolder for each host: containers that share the folder may have
equal process ids. `events.api.metrics` sums them up.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

ROOT = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if ROOT:
    _own = Path(ROOT) / socket.gethostname()
    _own.mkdir(parents=True, exist_ok=True)
    # prometheus_client reads this when it is imported, and again for each new file.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_own)

from prometheus_client import Counter, Gauge, Histogram

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15)

DOOR_ANSWERS = Counter("omnify_door_answers", "Answers of the door by route and status.", ["route", "status"])
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
LOST = Counter("omnify_tickets_lost", "Tickets asked for that the queue has lost.")
WATCHERS = Gauge(
    "omnify_watchers",
    "Clients that a door holds now: open event streams (stream) and long polls (poll).",
    ["kind"],
    multiprocess_mode="livesum",
)
