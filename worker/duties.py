"""Tells that the loops of this process go round: deliverer, mailer, sweep, ends of holds, draws.

A loop notes each round in which its work was done, which costs it nothing. A thread writes what was noted into Redis, a
few seconds later, for `/metrics` and `/health/ready`. So a loop that hangs, or that fails again and again, is missed
like a process that was killed.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from functools import cache, partial

import redis

from events.admission import heartbeat
from events.admission.heartbeat import Duty
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)

WORKER_NAME = f"{socket.gethostname()}:{os.getpid()}"


class Duties:
    """What one process does. `noter` and what it returns are for any thread."""

    def __init__(self, client: redis.Redis, worker: str) -> None:
        self._client, self._worker = client, worker
        self._noted: set[Duty] = set()

    def noter(self, duty: Duty) -> Callable[[], None]:
        """Returns what a loop calls when it has done this."""
        return partial(self._note, duty)

    def run(self, stop: threading.Event, *, interval_seconds: float = heartbeat.WORKER_BEAT_SECONDS) -> None:
        """Reports what was noted until `stop` is set. A failure is logged and does not end it."""
        while not stop.wait(interval_seconds):
            try:
                self.report()
            except Exception as problem:
                # Any exception: without this thread a worker that does its work would be missed.
                logger.throttled_warning("done without saying so", problem=type(problem).__name__)

    def report(self) -> None:
        """Reports what was noted since the last time. Raises redis.exceptions.RedisError."""
        noted, self._noted = self._noted, set()
        if noted:
            heartbeat.report_done(self._client, self._worker, noted)

    def _note(self, duty: Duty) -> None:
        self._noted.add(duty)


@cache
def duties() -> Duties:
    """Returns those of this process."""
    return Duties(redis_client(), WORKER_NAME)
