"""Checks tickets in and publishes the change at once, so that the door's status, stream and ETag show it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from events.admission.queue import Queue
from events.domain.times import whole_ms
from events.ledger import check_in as ledger
from events.ledger.check_in import CheckIn, DoorUpdate
from events.secrets import tickets
from events.services.deliveries import wake_dispatchers
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


def check_in(
    *, event_id: int, key: str, organizer_id: int, people: int | None = None, at: datetime | None = None, id: str = ""
) -> CheckIn:
    """Checks a ticket in, once, or `people` of its group: now, or when a device says it was (`at`), under its `id`.

    Publishes the change to the door when the caller's transaction is committed.
    """
    now, digest = whole_ms(timezone.now()), tickets().email_digest
    who: dict[str, Any] = {"event_id": event_id, "key": key, "organizer_id": organizer_id, "people": people}
    return _publish_on_commit(ledger.check_in(**who, now=now, digest=digest, at=at, id=id))


def undo_check_in(*, event_id: int, ref: str, organizer_id: int, at: datetime | None = None, id: str = "") -> CheckIn:
    """Undoes a check-in, or what came in under an `id` or `at` a time. Publishes it after the caller's transaction."""
    digest = tickets().email_digest
    return _publish_on_commit(
        ledger.undo_check_in(event_id=event_id, ref=ref, organizer_id=organizer_id, digest=digest, at=at, id=id)
    )


def _publish_on_commit(done: CheckIn) -> CheckIn:
    update = done.door_update
    if update is not None:
        transaction.on_commit(lambda: _publish(update))
    return done


def _publish(update: DoorUpdate) -> None:
    if update.messages:
        wake_dispatchers()
    # The check-in is committed, so a Redis that is out of reach must not fail it: the sweep publishes it later.
    event = update.event
    try:
        queue = Queue(redis_client())
        before_ms = update.published_before_ms
        queue.publish(event=event, outcomes=[update.outcome], counted=False, since_ms=before_ms)
    except RedisError as problem:
        fields = {"event_id": event.event_id, "problem": type(problem).__name__}
        logger.throttled_warning("a check-in was not published; the sweep will", **fields)
