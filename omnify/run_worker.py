"""Runs a drain, a dispatcher or a mailer: a Celery worker with the settings that all of them have.

    python -m omnify.run_worker --name drain-1 --exclude-queues webhooks,mail

`celery -A omnify.celery worker` with the same settings does the same. That program also imports Celery's other
commands and a shell, which is a fifth of the processor time that a start takes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from django.conf import settings

from omnify.celery import app


def main(arguments: Sequence[str]) -> int:
    """Runs a worker until it is told to stop, and returns its exit code."""
    chosen = _parse(arguments)
    # To start it again on SIGHUP, Celery runs Python with these: a module's file alone could not import its package.
    sys.argv[:1] = ["-m", "omnify.run_worker"]
    if settings.ENV.metrics_bind:
        from omnify.worker_metrics import serve_metrics

        serve_metrics(*settings.ENV.metrics_bind)
    worker = app.Worker(
        hostname=f"{chosen.name}@{os.uname().nodename}",
        queues=chosen.queues,
        exclude_queues=chosen.exclude_queues,
        # One process: an event's row lock allows no second one anyway.
        pool_cls="solo",
        concurrency=1,
        loglevel="WARNING",
        quiet=True,
        # No worker asks or tells another anything.
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m omnify.run_worker", description="Run a drain or a dispatcher.")
    parser.add_argument("--name", default="worker", help="its name in the log")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--queues", type=_queues, metavar="QUEUE,…", help="take these only")
    which.add_argument("--exclude-queues", type=_queues, metavar="QUEUE,…", help="take all but these")
    return parser.parse_args(arguments)


def _queues(text: str) -> list[str]:
    names, known = text.split(","), [queue.name for queue in app.conf.task_queues]
    if unknown := set(names).difference(known):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: there are {', '.join(known)}")
    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
