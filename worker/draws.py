"""Holds draws: finds those whose time has come, and puts them into the queues, where each takes its turn.

A thread in every drain worker, of which one looks in each interval; were it two, a second command would change nothing.
What a crash loses on the way is found again, because the ledger still says that the draw is to be held. By what clock
its time has come, the event's own server of the queue decides. Between two looks it keeps no database connection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import redis
from django.db import connection
from django.utils import timezone
from redis.exceptions import RedisError

from events.admission import heartbeat
from events.admission.commands import EventGone, enqueue_draw
from events.admission.queue import Queue
from events.ledger.draw.due import DueDraw, due_draws
from events.secrets import tickets
from omnify.common.logs import get_logger

logger = get_logger(__name__)

INTERVAL_SECONDS = 1.0

# Reads the signature of a round, by its number; None while it is not known.
ReadRound = Callable[[int], bytes | None]


class Drawer:
    """Enqueues draws, once or at intervals."""

    def __init__(
        self,
        *,
        client: redis.Redis,
        queue: Queue,
        wake: Callable[[int], None],
        read_round: ReadRound,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._queue = queue
        self._wake = wake
        self._read_round = read_round
        self._done = done

    def run(self, stop: threading.Event) -> None:
        """Looks for what is due until `stop` is set. A failure is logged and does not end it."""
        while not stop.is_set():
            try:
                if heartbeat.claim_draws(self._client, interval_ms=int(INTERVAL_SECONDS * 1000) - 100):
                    self.once()
                    self._done()
            except Exception as problem:
                # Any exception: without this thread no draw would be held.
                logger.throttled_warning("draws were not held", problem=type(problem).__name__)
            finally:
                connection.close()
            stop.wait(INTERVAL_SECONDS)

    def once(self) -> int:
        """Enqueues all draws whose time has come, those that wait for a round once it is known. Returns how many.

        Raises:
            redis.exceptions.RedisError, django.db.Error: a store is out of reach; the rest is found the next time.
        """
        enqueued = 0
        problem: RedisError | None = None
        for due in due_draws(now=timezone.now()):
            try:
                enqueued += self._enqueue(due)
            except EventGone:
                continue
            except RedisError as failed:
                problem = failed
        if problem is not None:
            raise problem
        return enqueued

    def _enqueue(self, due: DueDraw) -> bool:
        event, now_ms = due.event, self._queue.now_ms(due.event.event_id)
        if now_ms < event.draw_ms:
            return False
        signature = b""
        if due.round is not None and now_ms < event.end_ms:
            known = self._read_round(due.round)
            if known is None:
                # Never another one: it waits. What is sealed meanwhile stays sealed.
                logger.throttled_warning("a draw waits for its round", event_id=event.event_id, round=due.round)
                return False
            signature = known
        done = enqueue_draw(self._client, event, key=tickets().mint(), signature=signature)
        if done is None:
            return False
        logger.info("draw enqueued", event_id=event.event_id, sequence=done.sequence)
        if done.wake:
            self._wake(event.event_id)
        return True
