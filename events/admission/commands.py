"""What organizers and operators order, into the event's queue: only the drain moves seats, so it is the one to obey."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import redis

from events.admission import keys as k
from events.admission import scripts
from events.admission.entry import pack_sizes
from events.admission.snapshots import put_event
from events.domain.snapshot import EventSnapshot


@dataclass(frozen=True, slots=True)
class Enqueued:
    """An order in the queue. `wake`: nobody is at work on the event, or on the way to it."""

    sequence: int
    wake: bool


def enqueue_resize(
    client: redis.Redis,
    event: EventSnapshot,
    *,
    key: str,
    max_capacity: int | None = None,
    waitlist_capacity: int | None = None,
) -> Enqueued:
    """New sizes for an event; None leaves one as it is. `key` (20 characters, as a ticket's) names the order.

    Raises redis.exceptions.RedisError: it may have been taken in or not.
    """
    payload = pack_sizes(max_capacity=max_capacity, waitlist_capacity=waitlist_capacity)
    return _order(client, event, "resize", key, payload)


def enqueue_closing(client: redis.Redis, event: EventSnapshot, *, key: str) -> Enqueued:
    """Takes all places of a cancelled event back. Raises redis.exceptions.RedisError."""
    return _order(client, event, "close", key, "")


def enqueue_cancellation(client: redis.Redis, event: EventSnapshot, *, key: str) -> Enqueued | None:
    """Gives a ticket back that the ledger holds a place for; None if there is nothing to give back.

    Raises redis.exceptions.RedisError.
    """
    keys = k.event_keys(event.event_id)
    names = (keys.state, keys.queue, keys.pending, *keys.decided, keys.wake)
    args = (scripts.encode([(key, True)]), k.STATE_TTL_SECONDS, k.WAKE_TTL_MS, 0)
    while (reply := msgspec.msgpack.decode(scripts.CANCEL.call(client, names, *args)))[0] == 0:
        put_event(client, event)
    _, _, wake, [(kind, *place)] = reply
    return Enqueued(int(place[0]), wake == 1) if kind in ("a", "p") else None


def _order(client: redis.Redis, event: EventSnapshot, kind: str, key: str, payload: str) -> Enqueued:
    names = k.event_keys(event.event_id)
    args = (kind, key, payload, k.STATE_TTL_SECONDS, k.WAKE_TTL_MS)
    place = 0
    while place == 0:  # once more at most, unless the copy is removed just in between
        place = int(scripts.ENQUEUE.call(client, (names.state, names.queue, names.wake), *args))
        if place == 0:
            put_event(client, event)
    return Enqueued(abs(place), place > 0)
