"""Drains one event in this process and says what it took: `python -m bench.drain_once EVENT`.

The same code as a worker's task, time slice after time slice, without Celery around it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from worker.drain import Drain


def main() -> None:
    """Prints `{"seconds": ...}`, the processor time of this process and of its database session, memory of both, and by
    how much the database's files have grown."""
    django.setup()
    from bench.machine import running_seconds
    from omnify.common.gc_tuning import freeze_gc
    from worker.drain import Drained

    event_id, drain, session, files = int(sys.argv[1]), new_drain(), backend(), _files_mb()
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
    found = {"seconds": seconds, "drain": drain_seconds, "database": database_seconds}
    memory = {"peak_mb": getrusage(RUSAGE_SELF).ru_maxrss / 1024, "database_mb": _own_mb(session)}
    print(json.dumps({**found, **memory, "files_mb": _files_mb() - files}))


def new_drain(**options: Any) -> Drain:
    """A worker's drain, with nothing around it."""
    from events.secrets import tickets
    from worker.drain import Drain
    from worker.tasks import queue

    digest = tickets().email_digest
    return Drain(queue=queue(), digest=digest, take_back=lambda event_id: None, republish=lambda lease: None, **options)


def backend() -> int:
    """The process of this thread's database session."""
    return int(_ask("SELECT pg_backend_pid()"))


def _files_mb() -> float:
    return int(_ask("SELECT pg_database_size(current_database())")) / 1e6


def _ask(query: str) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def _own_mb(pid: int) -> float:
    """What a process has of its own, without the memory that PostgreSQL's share."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


if __name__ == "__main__":
    main()
