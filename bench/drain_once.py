"""Drains one event in this process and says what it took: `python -m bench.drain_once EVENT`.

The same code as a worker's task, time slice after time slice, without Celery around it.
"""

from __future__ import annotations

import json
import sys
import time
from resource import RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from worker.drain import Drain


def main() -> None:
    """Prints `{"seconds": ...}`, the processor time of this process and of its database session, and its memory."""
    django.setup()
    from bench.machine import running_seconds
    from omnify.common.gc_tuning import freeze_gc
    from worker.drain import Drained

    event_id, drain, session = int(sys.argv[1]), new_drain(), backend()
    drain.queue.head(event_id, count=1)
    freeze_gc()
    used, started = (time.process_time(), running_seconds(session)), time.perf_counter()
    result = Drained.MORE
    while result is Drained.MORE:
        result = drain.run(event_id)
    seconds = time.perf_counter() - started
    if result is not Drained.IDLE:
        sys.exit(f"the drain ended {result.value}")
    drain_seconds, database_seconds = time.process_time() - used[0], running_seconds(session) - used[1]
    peak_mb = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "drain": drain_seconds, "database": database_seconds, "peak_mb": peak_mb}))


def new_drain(**options: Any) -> Drain:
    """A worker's drain, with nothing around it."""
    from events.secrets import tickets
    from worker.drain import Drain
    from worker.tasks import queue

    digest = tickets().email_digest
    return Drain(queue=queue(), digest=digest, take_back=lambda event_id: None, republish=lambda lease: None, **options)


def backend() -> int:
    """The process of this thread's database session."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
