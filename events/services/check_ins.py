"""The entrance: what the ledger says of a ticket is shown to the door at once, for status, stream and tag."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from events.admission.queue import Queue
from events.domain.times import whole_ms
from events.ledger import check_in as ledger
from events.ledger.check_in import CheckIn, Shown
from events.secrets import tickets
from events.services.deliveries import wake_dispatchers
from omnify.common.clients import redis_client
from omnify.common.logs import log

logger = logging.getLogger(__name__)


def let_in(*, event_id: int, key: str, organizer_id: int) -> CheckIn:
    """Checks a ticket in, once. The door is shown it when the caller's transaction is committed."""
    now, digest = whole_ms(timezone.now()), tickets().email_digest
    return _show(ledger.check_in(event_id=event_id, key=key, organizer_id=organizer_id, now=now, digest=digest))


def take_back(*, event_id: int, ref: str, organizer_id: int) -> CheckIn:
    """Undoes a check-in. The door is shown it when the caller's transaction is committed."""
    digest = tickets().email_digest
    return _show(ledger.undo_check_in(event_id=event_id, ref=ref, organizer_id=organizer_id, digest=digest))


def _show(done: CheckIn) -> CheckIn:
    shown = done.shown
    if shown is not None:
        transaction.on_commit(lambda: _publish(shown))
    return done


def _publish(shown: Shown) -> None:
    if shown.messages:
        wake_dispatchers()
    # The ledger is what counts, and the entrance must not stand still: the sweep shows the door what it has missed.
    event = shown.event
    try:
        queue = Queue(redis_client())
        queue.publish(event=event, outcomes=[shown.outcome], published_before_ms=max(shown.shown_before_ms, 1))
    except RedisError as problem:
        fields = {"event_id": event.event_id, "problem": type(problem).__name__}
        log(logger, logging.WARNING, "a check-in was not shown; the sweep will", **fields)
