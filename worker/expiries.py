"""Ends holds: finds those whose time is over, and puts their expiries into the queues, where each takes its turn.

It runs as a thread in every drain worker. The one that has the claim looks at the index of ends about once a second,
and what it finds there it puts into the queues when its time has come. That costs next to nothing while nothing is due.
What a crash loses on the way is found again, because the ledger still says `held`; what waits in a queue already is not
put there twice. By what clock a hold is over, the event's own server of the queue decides (`expire.lua`), so none ends
early.

Only the one that has the claim keeps a database connection between two looks, since opening one takes more than a look
does; and none for longer than a minute, so that it sees where the database's name leads by now.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby

import redis
from django.db import connection
from redis.exceptions import RedisError

from events.admission import heartbeat
from events.admission.commands import EventGone, enqueue_expiries
from events.admission.hold_calls import DueHold
from events.domain.times import from_ms
from events.ledger.due_holds import DuePosition, DueTicket, due_holds, newly_held
from events.ledger.lookup import find_events
from omnify.common.logs import get_logger
from omnify.common.redis_nodes import masters

logger = get_logger(__name__)

INTERVAL_SECONDS = 0.8
# A look finds what ends before the next one, with some time to spare.
_AHEAD_MS = 3000
# How long one that dies at it keeps the others from it. With an interval, less than the two seconds of docs/holds.md.
_CLAIM_SECONDS = 1.1
# One call puts one entry of so many expiries into a queue: as many as a drain decides at once. It blocks the queue's
# server for two milliseconds, in which registrations wait; and so do those behind it if the next call follows at once.
AT_ONCE = 1000
PAUSE_SECONDS = 0.003
# A drain that is woken up takes the processor from this thread, so it is woken when all that is due is queued, and no
# later than this after the first.
_WAKE_SECONDS = 0.4
# The claim is prolonged with every read, and before so many are queued, so that must not take its time on a busy
# machine.
_READ_AT_ONCE = 5000
# Holds that wait for their end in memory at most, about 250 bytes each.
_MOST_COMING = 100_000
# All that is due is looked at again after this many times as long as that took, and at the next interval in between
# only what has become due since: a hundred thousand that wait for their turn are not read every second.
_FULL_PASS_SHARE = 10
# By how much the ledger's clock may be behind the queue's.
_CLOCKS_MS = 5000
_CONNECTION_SECONDS = 60.0


class Expirer:
    """Enqueues expiries, once or at intervals."""

    def __init__(
        self,
        *,
        client: redis.Redis,
        wake: Callable[[int], None],
        worker: str,
        done: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._client = client
        self._wake = wake
        self._worker = worker
        self._done = done
        self._clock = clock
        self._pause = pause
        self._full_due = 0.0
        self._after: DuePosition | None = None
        self._looked_ms = 0
        self._has_claim = False
        self._close_due = 0.0
        self._to_wake: set[int] = set()
        # Holds that have been read and are not queued, by their ends; and the queue's clock less ours (ms).
        self._coming: deque[DueTicket] = deque()
        self._ahead_ms = 0.0

    def run(self, stop: threading.Event) -> None:
        """Looks for what is due until `stop` is set. A failure is logged and does not end it."""
        while not stop.is_set():
            try:
                self._look_and_wait(stop)
            except Exception as problem:
                # Any exception: without this thread, seats that are held would never come free.
                logger.throttled_warning("holds were not ended", problem=type(problem).__name__)
                self._forget()
                stop.wait(INTERVAL_SECONDS + _CLAIM_SECONDS)  # another worker may do better

    def _look_and_wait(self, stop: threading.Event) -> None:
        try:
            self.once()
        except Exception:
            self._has_claim = False
            raise
        finally:
            self._close_connection()
        until = self._clock() + INTERVAL_SECONDS
        while not stop.is_set() and (left := until - self._clock()) > 0:
            next_in = (self._coming[0].until_ms - self._now_ms()) / 1000 if self._coming else left
            stop.wait(min(left, max(next_in, 0.0)))
            self.enqueue_due()
        if self._has_claim:
            self._done()

    def _close_connection(self) -> None:
        """Closes the connection to the database, unless the next look is likely to be this worker's and it is young."""
        if not self._has_claim or self._clock() >= self._close_due:
            connection.close()
            self._close_due = self._clock() + _CONNECTION_SECONDS

    def once(self) -> int:
        """Looks into the ledger, and enqueues the expiries of all holds that are over by now.

        Returns how many; 0 while another worker has the claim. Raises redis.exceptions.RedisError, django.db.Error: a
        store is out of reach; the rest is found the next time.
        """
        self._has_claim = self._claim()
        if not self._has_claim:
            self._forget()
            return 0
        started, now_ms = self._clock(), _latest_clock(self._client)
        self._ahead_ms = now_ms - self._clock() * 1000
        full = started >= self._full_due
        if full:
            self._forget()
        elif self._after is not None:
            self._find_cut_short(self._after)
        self._looked_ms = now_ms
        enqueued = self.enqueue_due()
        while len(self._coming) < _MOST_COMING and self._claim():
            due = due_holds(until=from_ms(now_ms + _AHEAD_MS), after=self._after, limit=_READ_AT_ONCE)
            self._coming.extend(due.tickets)
            self._after = due.last or self._after
            enqueued += self.enqueue_due()
            if len(due.tickets) < _READ_AT_ONCE:
                break
        if full:
            self._full_due = self._clock() + (self._clock() - started) * _FULL_PASS_SHARE
        return enqueued

    def _find_cut_short(self, after: DuePosition) -> None:
        """Finds what was held since the look before and ends in front of what that has read."""
        since = from_ms(self._looked_ms - _CLOCKS_MS)
        found = newly_held(since=since, before=after, limit=_READ_AT_ONCE)
        known = {ticket.key for ticket in self._coming} if found else frozenset()
        fresh = [ticket for ticket in found if ticket.key not in known]
        if fresh:
            self._coming = deque(sorted((*self._coming, *fresh), key=lambda ticket: ticket.until_ms))

    def _claim(self) -> bool:
        return heartbeat.claim_expiries(self._client, self._worker, seconds=_CLAIM_SECONDS)

    def _forget(self) -> None:
        """Has the next look read everything anew."""
        self._coming.clear()
        self._after, self._full_due = None, 0.0

    def _now_ms(self) -> float:
        return self._clock() * 1000 + self._ahead_ms

    def enqueue_due(self) -> int:
        """Enqueues what has been read and is over by now. Returns how many."""
        enqueued, started = 0, self._clock()
        try:
            while ready := self._take_due():
                if not self._claim():
                    self._forget()
                    break
                enqueued += self._enqueue(ready)
                if self._clock() - started > _WAKE_SECONDS:
                    self._wake_drains()
        finally:
            self._wake_drains()
        return enqueued

    def _wake_drains(self) -> None:
        while self._to_wake:
            self._wake(self._to_wake.pop())

    def _take_due(self) -> Sequence[DueTicket]:
        ready: list[DueTicket] = []
        now_ms = self._now_ms()
        while self._coming and self._coming[0].until_ms <= now_ms and len(ready) < _READ_AT_ONCE:
            ready.append(self._coming.popleft())
        return ready

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
            holds = [DueHold(ticket.key, ticket.until_ms) for ticket in tickets[start : start + AT_ONCE]]
            done = enqueue_expiries(self._client, lambda: find_events([event_id]).get(event_id), event_id, holds)
            if done.wake:
                self._to_wake.add(event_id)
            if done.early:
                self._full_due = 0.0  # that server's clock is behind: the next look finds them again
            enqueued += done.number
            if len(holds) == AT_ONCE:
                self._pause(PAUSE_SECONDS)
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
