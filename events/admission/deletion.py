"""Closes the door on an event that is being deleted, unless someone has registered for it.

What stays in Redis is a copy of the event with `DELETED_VERSION` and nothing else. The door cannot admit with it, and
an older copy that is still on its way from the ledger does not replace it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from events.admission import calls
from events.admission import keys as k
from events.admission.scripts import Redis
from events.admission.snapshots import event_progress, put_snapshot
from events.domain.snapshot import DELETED_VERSION, EventSnapshot


class Deletion(IntEnum):
    """What came of it."""

    DONE = 1
    HAS_TICKETS = 0
    COMMAND_QUEUED = -1  # an organizer's: it takes its turn, and then it can be tried again


def close_door_for_good(client: Redis, event_id: int) -> Deletion:
    """Closes the door on an event if no one has registered. Raises redis.exceptions.RedisError."""
    call = calls.delete_event(k.event_keys(event_id), deleted_version=DELETED_VERSION, state_ttl=k.STATE_TTL_SECONDS)
    return Deletion(int(call.run(client)))


def deleted_here(client: Redis, event_ids: Sequence[int]) -> list[int]:
    """Finds the events on which the door was closed for good. Raises redis.exceptions.RedisError."""
    return [event_id for event_id, copy in event_progress(client, event_ids).items() if copy.is_deleted]


def open_door_again(client: Redis, event: EventSnapshot) -> None:
    """Shows an event again that was not deleted after all. Raises redis.exceptions.RedisError."""
    put_snapshot(client, event, replaces=DELETED_VERSION)
