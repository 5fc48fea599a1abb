"""Events that Redis knows and the ledger does not: created in the seconds that a promoted standby lacks.

The door would go on admitting to them, and their tickets would say `queued` for good. So the door is closed at once,
and after a while the tickets become `lost`. Not at once, and never while the ledger is empty: the address of the
database may be wrong, or a backup be on its way in.
"""

from __future__ import annotations

import redis

from events.admission import orphans
from events.ledger.lookup import any_event, known_events
from omnify.common import metrics
from omnify.common.logs import get_logger
from worker.repair import mark_lost
from worker.unfounded import lose_all

logger = get_logger(__name__)

PATIENCE_SECONDS = 600


def end_orphans(client: redis.Redis) -> int:
    """Closes the door on events that the ledger does not have, and ends those that it has not had for
    `PATIENCE_SECONDS`. Returns how many tickets are lost. Raises redis.exceptions.RedisError."""
    lost = 0
    for found in orphans.events_in_redis(client):
        unknown = found - known_events(found)
        if not unknown or not any_event():
            continue
        lost += sum(_end(client, event_id) for event_id in sorted(unknown))
    return lost


def _end(client: redis.Redis, event_id: int) -> int:
    age = orphans.close_door(client, event_id)
    if age is None:
        metrics.ORPHANS.inc()
        logger.error("the ledger does not have this event: was a standby promoted that lacked it?", event_id=event_id)
        return 0
    if age < PATIENCE_SECONDS:
        return 0
    orphans.delete_queue(client, event_id)
    lost = mark_lost(client, event_id) + lose_all(client, event_id)
    orphans.delete_rest(client, event_id)
    logger.error("tickets of an event that the ledger does not have are lost", event_id=event_id, lost=lost)
    return lost
