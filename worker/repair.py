"""Repairs for the sweep's full passes, after an outage, a crash or a Redis restored from an older state."""

from __future__ import annotations

from collections.abc import Callable

import redis
from redis.exceptions import RedisError

from events.admission import lost
from events.admission.queue import Queue
from events.ledger.lookup import still_closing
from events.ledger.tickets import known_outcomes
from events.services.commands import requeue_closing
from omnify.common import metrics
from omnify.common.logs import get_logger

logger = get_logger(__name__)


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
