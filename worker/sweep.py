"""Finds events that have work and no wake-up: lost messages, dead drains, entries admitted while the broker was down;
and events of which the queue's server shows less than the ledger holds.

It runs as a thread in every drain worker, so it stops only with the last of them; a claim in Redis lets one worker
sweep in each interval. The same thread sends its worker's heartbeat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice

import redis
from django.db import connection
from redis.exceptions import RedisError

from events.admission import heartbeat
from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.ledger.batch_context import Digest
from events.ledger.database import database
from events.ledger.lookup import watched_event_ids
from events.services.delete_event import reopen_undeleted
from events.services.listing import relist
from events.services.republish import catch_up, republish
from omnify.common.logs import get_logger
from omnify.common.redis_nodes import by_node, is_cluster, replication_ids
from worker.orphans import end_orphans
from worker.repair import mark_lost, requeue_closings
from worker.unfounded import take_back_all

logger = get_logger(__name__)

INTERVAL_SECONDS = 2.0
FULL_EVERY_SECONDS = 60.0
# A full pass that a node did not answer to is repeated no sooner: it may be away for long.
FULL_AGAIN_SECONDS = 10.0
_CHUNK = 500


class Sweep:
    """Wakes drains, once or at intervals. Every `FULL_EVERY_SECONDS` it looks at all events and repairs them."""

    def __init__(
        self,
        *,
        client: redis.Redis,
        queue: Queue,
        wake: Callable[[int], None],
        digest: Digest,
        worker: str,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._queue = queue
        self._wake = wake
        self._digest = digest
        self._worker = worker
        self._done = done
        self._full_due = self._full_again = 0.0

    def run(self, stop: threading.Event) -> None:
        """Sends heartbeats and sweeps until `stop` is set. A failure is logged and does not end it."""
        while not stop.is_set():
            try:
                heartbeat.beat(self._client, self._worker)
                if heartbeat.claim_sweep(self._client, interval_ms=int(INTERVAL_SECONDS * 1000) - 100):
                    self.once()
                    self._done()
            except Exception as problem:
                # Any exception: without this thread, work whose wake-up was lost is never found.
                logger.warning("the sweep failed", problem=type(problem).__name__)
            finally:
                connection.close()
            stop.wait(INTERVAL_SECONDS)

    def once(self) -> int:
        """Wakes a drain for every event that has entries, no drain at work and no wake-up sent. Returns how many.

        A full pass looks at all events, not only the watched ones, and repairs what an outage has left. One is made at
        once when another database, or another server of the queue, takes the writes. A node of a Cluster that is away
        is reported when all others have been swept. Raises redis.exceptions.RedisError.
        """
        now = time.monotonic()
        # Read before anything is compared: what takes over meanwhile is seen the next time.
        history, servers = database().read_history(), replication_ids(self._client)
        seen = heartbeat.seen_histories(self._client)
        promoted = bool(history and seen) and history not in seen
        failed_over = not servers <= heartbeat.seen_servers(self._client)
        full = now >= self._full_due or ((promoted or failed_over) and now >= self._full_again)
        if full and failed_over and not promoted:
            self._full_due = now  # also if what follows fails
            self._catch_up(servers)
        woken, problems = self._sweep_all(full=full, suspect=promoted)
        if full:
            woken += requeue_closings(self._queue, self._wake)
            problems += self._repair_lists()
            if not problems:
                if not failed_over:
                    heartbeat.note_servers(self._client, servers)
                elif promoted:
                    self._catch_up(servers)
                if history:
                    heartbeat.note_history(self._client, history)
            self._full_due, self._full_again = now + FULL_EVERY_SECONDS, now + FULL_AGAIN_SECONDS if problems else 0.0
        if problems:
            raise problems[0]
        return woken

    def _catch_up(self, servers: set[str]) -> None:
        """Publishes what these servers lack, and notes them if they lack nothing any more.

        Until then doors look into the ledger for each event (`events.admission.compared_servers`). So it comes first
        where a server has taken over, but behind what a promoted database lacks: nothing may hide that.
        """
        for part in self._parts(all_events=True):
            try:
                if not catch_up(self._queue, self._client, part, digest=self._digest):
                    return
            except RedisError:
                return
        heartbeat.note_servers(self._client, servers)

    def _parts(self, *, all_events: bool) -> Iterator[list[int]]:
        """Lists events, some hundreds of one node at a time."""
        for chunk in _chunks(watched_event_ids(all_events=all_events)):
            yield from by_node(self._client, chunk, lambda event_id: event_keys(event_id).queue)

    def _sweep_all(self, *, full: bool, suspect: bool) -> tuple[int, list[RedisError]]:
        woken = 0
        problems: list[RedisError] = []
        for part in self._parts(all_events=full):
            try:
                woken += self._sweep(part, full=full, suspect=suspect)
            except RedisError as problem:
                if not is_cluster(self._client):
                    raise
                problems.append(problem)
        return woken, problems

    def _repair_lists(self) -> list[RedisError]:
        try:
            relist(self._client)
            end_orphans(self._client)
        except RedisError as problem:
            return [problem]
        return []

    def _sweep(self, event_ids: list[int], *, full: bool, suspect: bool) -> int:
        """Sweeps events of one node."""
        woken = 0
        idle = []
        for event_id, length in zip(event_ids, self._queue.lengths(event_ids), strict=True):
            if not length:
                idle.append(event_id)
            elif self._queue.claim_wake(event_id):
                self._wake(event_id)
                woken += 1
                continue
            if full:
                mark_lost(self._client, event_id)
        stores = (self._queue, self._client)
        if full:
            reopen_undeleted(self._client, event_ids)
            take_back_all(*stores, event_ids, digest=self._digest, wake=self._wake, suspect=suspect)
        # A drain publishes what is missing of an event that has entries.
        republish(*stores, event_ids if full else idle, digest=self._digest)
        return woken


def _chunks(ids: Iterator[int]) -> Iterator[list[int]]:
    while chunk := list(islice(ids, _CHUNK)):
        yield chunk
