"""Deletes an event that no one has registered for, so that no registration that comes at the same moment is lost.

    row lock → no row in the ledger → door closed in Redis, if its queue is empty and was never used → row deleted

The door is closed in one script, which refuses if anything was admitted: so a registration is either before it, and the
event stays, or after it, and gets a 404. A crash between the last two steps leaves an event that the door does not
show. The row's lock is free then, and the sweep opens the door again (`reopen_undeleted`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import redis
from django.db import transaction

from events.admission.deletion import Deletion, close_door_for_good, deleted_here, open_door_again
from events.admission.listing import unlist
from events.ledger.events import EventInUse, check_unused, delete_event, event_for_change
from events.ledger.queries import event_snapshot
from events.models import Event
from events.services.log_tiles import remove_tiles
from omnify.common.clients import redis_client, replicated_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class CommandQueued(Exception):
    """A command of the organizer's waits for its turn in the event's queue. Nothing was deleted."""


def delete_unused(event: Event, *, now: datetime) -> None:
    """Deletes `event`, which comes from `event_for_change` in the same transaction.

    Raises:
        EventInUse: someone has registered.
        CommandQueued
        redis.exceptions.RedisError: then the caller must not commit.
    """
    check_unused(event)
    match close_door_for_good(replicated_client(), event.pk):
        case Deletion.HAS_TICKETS:
            raise EventInUse
        case Deletion.COMMAND_QUEUED:
            raise CommandQueued
        case Deletion.DONE:
            logger.info("event deleted", event_id=event.pk)
            transaction.on_commit(partial(remove_tiles, event.pk))
            transaction.on_commit(partial(unlist, redis_client(), event.pk))
            delete_event(event, now=now)


def reopen_undeleted(client: redis.Redis, event_ids: Sequence[int]) -> int:
    """Opens the door again on events whose deletion was never committed. Returns how many.

    Waits for the row's lock, so not before the deletion has ended in one way or the other.
    """
    reopened = 0
    for event_id in deleted_here(client, event_ids):
        with transaction.atomic():
            event = event_for_change(event_id=event_id)
            if event is not None:
                open_door_again(client, event_snapshot(event))
                logger.info("the deletion of an event was not finished", event_id=event_id)
                reopened += 1
    return reopened
