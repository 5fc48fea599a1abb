"""Drains one event in this process and says how long it took: `python -m bench.drain_once EVENT`.

The same code as a worker's task, time slice after time slice, without Celery around it.
"""

from __future__ import annotations

import json
import sys
import time

import django


def main() -> None:
    """Prints `{"seconds": ...}`."""
    django.setup()
    from django.db import connection

    from events.secrets import tickets
    from omnify.common.gc_tuning import freeze_gc
    from worker.drain import Drain, Drained
    from worker.tasks import queue

    event_id = int(sys.argv[1])
    connection.ensure_connection()
    drain = Drain(queue=queue(), digest=tickets().email_digest, take_back=lambda event_id: None)
    drain.queue.head(event_id, count=1)
    freeze_gc()
    started = time.perf_counter()
    result = Drained.MORE
    while result is Drained.MORE:
        result = drain.run(event_id)
    seconds = time.perf_counter() - started
    if result is not Drained.IDLE:
        sys.exit(f"the drain ended {result.value}")
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
