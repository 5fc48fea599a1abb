"""Ends holds: finds those whose time is over, and puts their expiries into the queues, where each takes its turn.

It runs as a thread in every drain worker. The one that has the claim looks at the index of ends once a second, which
costs next to nothing while nothing is due. What a crash loses on the way is found again, because the ledger still says
`held`; what waits in a queue already is not put there twice. By what clock a hold is over, the event's own server of
the queue decides (`expire.lua`), so none ends early.

Between two looks it keeps no database connection: where PostgreSQL has few, the drains would be short of one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from itertools import groupby

import redis
from django.db import connection
from redis.exceptions import RedisError

from events.admission import heartbeat
from events.admission.commands import EventGone, enqueue_expiries
from events.admission.hold_calls import DueHold
from events.domain.times import from_ms
from events.ledger.due_holds import DuePosition, DueTicket, due_holds
from events.ledger.lookup import find_events
from omnify.common.logs import get_logger
from omnify.common.redis_nodes import masters

logger = get_logger(__name__)

INTERVAL_SECONDS = 0.8
# How long one that dies at it keeps the others from it. With an interval, less than the two seconds of docs/holds.md.
_CLAIM_SECONDS = 1.1
# One call blocks the queue's server for the time of so many entries, half a millisecond, and registrations wait
# meanwhile. So do those behind it if the next call follows at once: with the pause, expiries come about as fast as a
# drain decides them.
AT_ONCE = 100
PAUSE_SECONDS = 0.005
# The claim is prolonged with every read, so what is read must be queued before it ends, on a busy machine too.
_READ_AT_ONCE = 1000
# All that is due is looked at again after this many times as long as that took, and at the next interval in between
# only what has become due since: a hundred thousand that wait for their turn are not read every second.
_FULL_PASS_SHARE = 10


class Expirer:
    """Enqueues expiries, once or at intervals."""

    def __init__(
        self,
        *,
        client: redis.Redis,
        wake: Callable[[int], None],
        worker: str,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client = client
        self._wake = wake
        self._worker = worker
        self._clock = clock
        self._pause = pause
        self._full_due = 0.0
        self._after: DuePosition | None = None

    def run(self, stop: threading.Event) -> None:
        """Looks for what is due until `stop` is set. A failure is logged and does not end it."""
        while not stop.is_set():
            pause = INTERVAL_SECONDS
            try:
                self.once()
            except Exception as problem:
                # Any exception: without this thread, seats that are held would never come free.
                logger.throttled_warning("holds were not ended", problem=type(problem).__name__)
                self._full_due = 0.0
                pause += _CLAIM_SECONDS  # another worker may do better
            finally:
                connection.close()
            stop.wait(pause)

    def once(self) -> int:
        """Enqueues the expiries of all holds that are over. Returns how many; 0 while another worker has the claim.

        Raises:
            redis.exceptions.RedisError, django.db.Error: a store is out of reach; the rest is found the next time.
        """
        if not self._claim():
            return 0
        started, until = self._clock(), from_ms(_latest_clock(self._client))
        full = started >= self._full_due
        after, enqueued = None if full else self._after, 0
        while due := due_holds(until=until, after=after, limit=_READ_AT_ONCE):
            if not self._claim():
                return enqueued
            enqueued += self._enqueue(due)
            after = due[-1].position
            if len(due) < _READ_AT_ONCE:
                break
        self._after = after
        if full:
            self._full_due = self._clock() + (self._clock() - started) * _FULL_PASS_SHARE
        return enqueued

    def _claim(self) -> bool:
        return heartbeat.claim_expiries(self._client, self._worker, seconds=_CLAIM_SECONDS)

    def _enqueue(self, due: Sequence[DueTicket]) -> int:
        """Enqueues some, event by event, each event's in their order. A node that is away holds up no other's."""
        enqueued = 0
        problem: RedisError | None = None
        by_event = sorted(due, key=lambda ticket: ticket.event_id)
        for event_id, tickets in groupby(by_event, key=lambda ticket: ticket.event_id):
            try:
                enqueued += self._enqueue_event(event_id, list(tickets))
            except EventGone:
                continue
            except RedisError as failed:
                problem = failed
        if problem is not None:
            raise problem
        return enqueued

    def _enqueue_event(self, event_id: int, tickets: Sequence[DueTicket]) -> int:
        enqueued = 0
        for start in range(0, len(tickets), AT_ONCE):
            if start:
                self._pause(PAUSE_SECONDS)
            holds = [DueHold(ticket.key, ticket.until_ms) for ticket in tickets[start : start + AT_ONCE]]
            done = enqueue_expiries(self._client, lambda: find_events([event_id]).get(event_id), event_id, holds)
            if done.wake:
                self._wake(event_id)
            enqueued += done.number
        if enqueued:
            logger.info("expiries enqueued", event_id=event_id, number=enqueued)
        return enqueued


def _latest_clock(client: redis.Redis) -> int:
    """Reads the queue's clock (ms); of a Cluster's nodes, the latest."""
    clocks = []
    problem: RedisError | None = None
    for master in masters(client).values():
        try:
            seconds, micros = master.time()
            clocks.append(int(seconds) * 1000 + int(micros) // 1000)
        except RedisError as failed:
            problem = failed
    if not clocks and problem is not None:
        raise problem
    return max(clocks)
