"""Publishes changed events to the door.

What an organizer changes is in force once the door has it. While Redis is out of reach the row is saved all the same,
and the sweep publishes it when Redis is back; until then the organizer is told that it is not in force.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import redis
from django.db import transaction

from events.admission.descriptions import put_descriptions
from events.admission.listing import put_listed
from events.admission.snapshots import put_snapshot
from events.domain.snapshot import Description, EventSnapshot
from events.ledger.descriptions import descriptions_of
from events.ledger.queries import event_snapshot
from events.models import Event
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class NotInForce(Exception):
    """A change is saved, and the door does not have it yet. The same request again publishes it."""

    def __init__(self) -> None:
        super().__init__(
            "The change is saved, but not in force yet: the door cannot be reached. Send it again shortly."
        )


def raise_not_in_force() -> None:
    """Tells the caller. Raises NotInForce."""
    raise NotInForce


def publish_after_commit(event: Event, *, otherwise: Callable[[], None] = raise_not_in_force) -> None:
    """Puts a copy of a changed row into Redis once it is committed; at once outside a transaction.

    Call it last in the transaction: `otherwise` is called if Redis cannot be reached. It raises NotInForce unless told,
    which ends what else waits for the commit.
    """
    snapshot = event_snapshot(event)
    described = descriptions_of([event.pk]) if event.description_version else []
    transaction.on_commit(lambda: _publish(snapshot, described, otherwise))


def publish_new_after_commit(event: Event) -> None:
    """Puts a copy of a new row into Redis once it is committed. Without one the door loads it: nothing need be told."""
    publish_after_commit(event, otherwise=lambda: None)


def _publish(snapshot: EventSnapshot, described: Sequence[Description], otherwise: Callable[[], None]) -> None:
    try:
        put_descriptions(redis_client(), described)
        put_snapshot(redis_client(), snapshot)
        put_listed(redis_client(), snapshot)
    except redis.RedisError as problem:
        reason = type(problem).__name__
        logger.warning("event not published", event_id=snapshot.event_id, reason=reason)
        otherwise()
