"""Publishes changed events to the door."""

from __future__ import annotations

import redis
from django.db import transaction

from events.admission.snapshots import put_snapshot
from events.domain.snapshot import EventSnapshot
from events.ledger.queries import event_snapshot
from events.models import Event
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


def publish_after_commit(event: Event) -> None:
    """Puts a copy of the row into Redis once it is committed; at once outside a transaction."""
    snapshot = event_snapshot(event)
    transaction.on_commit(lambda: _publish(snapshot))


def _publish(snapshot: EventSnapshot) -> None:
    # The row is saved. The door loads an event that is missing in Redis on the next request for it.
    try:
        put_snapshot(redis_client(), snapshot)
    except redis.RedisError as problem:
        reason = type(problem).__name__
        logger.warning("event not published", event_id=snapshot.event_id, reason=reason)
