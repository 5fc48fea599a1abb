"""Repairs for the sweep's full passes, after an outage, a crash or a Redis restored from an older state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import redis
from redis.exceptions import RedisError

from events.admission import lost, snapshots
from events.admission.queue import Queue
from events.domain.times import from_ms
from events.ledger.batch_context import Digest, with_digest
from events.ledger.code_uses import codes_changed_since
from events.ledger.corrections import freed_since
from events.ledger.lookup import event_progress, find_events, still_closing
from events.ledger.tickets import changed_since, known_outcomes
from events.services.commands import requeue_closing
from omnify.common import metrics
from omnify.common.logs import get_logger

logger = get_logger(__name__)


def republish(queue: Queue, client: redis.Redis, event_ids: Sequence[int], *, digest: Digest) -> int:
    """Publishes what Redis does not have of these events. Returns how many events were behind.

    That is: rows changed while Redis was out of reach, and changes of tickets that were never published or that Redis
    has lost since. A drain may be about to publish some of them too; twice is harmless.
    """
    rows = event_progress(event_ids)
    copies = snapshots.event_progress(client, event_ids)  # later, since most of what is missing is just being published
    behind = {row.event_id: copies[row.event_id] for row in rows if copies[row.event_id].misses(row)}
    for snapshot in find_events(list(behind)).values():
        # Read after the row, so that no change up to the row's time is missed.
        since_ms = behind[snapshot.event_id].published_ms
        changed = changed_since(snapshot.event_id, from_ms(since_ms))
        outcomes = [with_digest(held, digest).outcome for held in changed]
        freed = freed_since(snapshot.event_id, from_ms(since_ms))
        codes = codes_changed_since(snapshot.event_id, from_ms(since_ms)) if snapshot.has_codes else []
        queue.publish(event=snapshot, outcomes=outcomes, codes=codes, counted=False, since_ms=since_ms, freed=freed)
        fields = {"event_id": snapshot.event_id, "tickets": len(changed)}
        logger.info("the door's copy of an event was old", **fields)
    return len(behind)


def requeue_closings(queue: Queue, wake: Callable[[int], None]) -> int:
    """Queues the closing of cancelled events again where the queue has lost the command. Returns how many."""
    requeued = 0
    for snapshot in still_closing():
        try:
            if not queue.lengths([snapshot.event_id])[0]:
                if requeue_closing(snapshot):
                    wake(snapshot.event_id)
                requeued += 1
        except RedisError as problem:
            # The next full pass tries again; events on other nodes of a Cluster need not wait for that.
            logger.warning("a closing was not queued", event_id=snapshot.event_id, problem=type(problem).__name__)
    return requeued


def mark_lost(client: redis.Redis, event_id: int) -> int:
    """Marks tickets that the queue has lost as `lost`, so that their e-mail addresses can register again.

    Returns how many were not known to be.
    """
    orphans = list(lost.orphans(client, event_id))
    if not orphans:
        return 0
    decided = known_outcomes(event_id, [o.key for o in orphans if o.key])
    if decided:
        lost.forget_missing(client, event_id, decided)
    marked = lost.move_to_lost(client, event_id, [o for o in orphans if o.key not in decided])
    if marked:
        metrics.LOST.labels("sweep").inc(marked)
        message = "the queue has lost tickets; `manage.py reconcile` lists them"
        logger.error(message, event_id=event_id, lost=marked)
    return marked
