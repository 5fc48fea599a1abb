"""Drains one event in this process and says what it took: `python -m bench.drain_once EVENT`.

The same code as a worker's task, time slice after time slice, without Celery around it.
"""

from __future__ import annotations

import json
import sys
import time
from resource import RUSAGE_SELF, getrusage

import django


def main() -> None:
    """Prints `{"seconds": ...}`, the processor time of this process and of its database session, and its memory."""
    django.setup()
    from django.db import connection

    from bench.machine import processor_seconds
    from events.secrets import tickets
    from omnify.common.gc_tuning import freeze_gc
    from worker.drain import Drain, Drained
    from worker.tasks import queue

    event_id = int(sys.argv[1])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = int(cursor.fetchone()[0])
    drain = Drain(
        queue=queue(), digest=tickets().email_digest, take_back=lambda event_id: None, republish=lambda lease: None
    )
    drain.queue.head(event_id, count=1)
    freeze_gc()
    used, started = (time.process_time(), processor_seconds(backend)), time.perf_counter()
    result = Drained.MORE
    while result is Drained.MORE:
        result = drain.run(event_id)
    seconds = time.perf_counter() - started
    if result is not Drained.IDLE:
        sys.exit(f"the drain ended {result.value}")
    drain_seconds, database_seconds = time.process_time() - used[0], processor_seconds(backend) - used[1]
    peak_mb = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "drain": drain_seconds, "database": database_seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
