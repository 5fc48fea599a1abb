"""What the sweep mends at its full passes: whatever an outage, a crash or a Redis that was turned back left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import redis

from events.admission import lost, snapshots
from events.admission.queue import Queue
from events.domain.times import from_ms
from events.ledger.batch_context import Digest, with_digest
from events.ledger.lookup import event_progress, find_events, still_closing
from events.ledger.tickets import changed_since, known_outcomes
from events.services.commands import requeue_closing
from omnify.common.logs import get_logger

logger = get_logger(__name__)


def republish(queue: Queue, client: redis.Redis, event_ids: Sequence[int], *, digest: Digest) -> int:
    """Hands the door what it missed of these events, and returns of how many it missed something.

    That is: rows that were changed while Redis was out of reach, and changes of tickets that Redis was never shown, or
    has forgotten since. What a drain is about to publish may be among them: twice is harmless.
    """
    seen = snapshots.event_progress(client, event_ids)
    behind = {
        progress.event_id: seen[progress.event_id]
        for progress in event_progress(event_ids)
        if seen[progress.event_id].misses(progress)
    }
    for snapshot in find_events(list(behind)).values():
        # Read after the row, so that nothing up to the row's moment is left out.
        changed = changed_since(snapshot.event_id, from_ms(behind[snapshot.event_id].published_ms))
        queue.publish(event=snapshot, outcomes=[with_digest(held, digest).outcome for held in changed])
        logger.info("the door's copy of an event was old", event_id=snapshot.event_id, tickets=len(changed))
    return len(behind)


def requeue_closings(queue: Queue, wake: Callable[[int], None]) -> int:
    """Orders again that the places of cancelled events be taken back, where the queue has lost the order."""
    ordered = 0
    for snapshot in still_closing():
        if not queue.lengths([snapshot.event_id])[0]:
            if requeue_closing(snapshot):
                wake(snapshot.event_id)
            ordered += 1
    return ordered


def mark_lost(client: redis.Redis, event_id: int) -> int:
    """Gives up what the queue has lost: such tickets say `lost`, and their e-mails may register again."""
    orphans = list(lost.orphans(client, event_id))
    if not orphans:
        return 0
    decided = known_outcomes(event_id, [o.key for o in orphans if o.key])
    moved = lost.mark_lost(client, event_id, [o for o in orphans if o.key not in decided])
    if moved:
        logger.error("the queue has lost tickets; `manage.py reconcile` lists them", event_id=event_id, lost=moved)
    return moved
