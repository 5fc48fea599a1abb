"""Finds every event that Redis has something of, and ends one that the ledger does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import redis

from events.admission import keys as k
from events.admission.snapshots import event_progress
from omnify.common.redis_nodes import masters

_AT_ONCE = 500
# What an event has while it can be registered for, or as long as it has tickets. Redis leaves most other names out.
_MATCH = "{event:*}:[dpqs]*"
_NAMES = re.compile(rb"\{event:(\d+)\}:(?:state|queue|pending|decided:\d)")


def events_in_redis(client: redis.Redis) -> Iterator[set[int]]:
    """Finds the events that Redis has a copy or tickets of, each once, some hundreds at a time.

    Reads the name of every key, 500 in a call of less than a millisecond.
    """
    for master in masters(client).values():
        events = _each_once(master.scan_iter(match=_MATCH, count=_AT_ONCE))
        while chunk := set(islice(events, _AT_ONCE)):
            yield chunk


def _each_once(names: Iterator[bytes]) -> Iterator[int]:
    """Reads the events in these names. All keys of one are on one server."""
    seen: set[int] = set()
    for name in names:
        found = _NAMES.fullmatch(name)
        if found and (event_id := int(found[1])) not in seen:
            seen.add(event_id)
            yield event_id


def close_door(client: redis.Redis, event_id: int) -> int | None:
    """Removes the copy of an event, so that nothing is admitted any more, and notes when that was done first.

    Returns how many seconds ago, None the first time. The copy of an event that was deleted is left as it is.
    """
    keys = k.event_keys(event_id)
    if event_progress(client, [event_id])[event_id].is_deleted:
        return 0
    client.delete(keys.state)
    if client.set(keys.unknown, "1", nx=True, ex=k.UNKNOWN_TTL_SECONDS):
        return None
    left: Any = client.ttl(keys.unknown)
    return k.UNKNOWN_TTL_SECONDS - int(left)


def delete_queue(client: redis.Redis, event_id: int) -> None:
    """Deletes what waits for its decision. Its tickets are found as lost then (`lost.orphans`)."""
    keys = k.event_keys(event_id)
    client.unlink(keys.queue, keys.wake)


def delete_rest(client: redis.Redis, event_id: int) -> None:
    """Deletes everything but the note of which tickets are lost."""
    keys = k.event_keys(event_id)
    client.unlink(*(name for name in keys.all() if name != keys.lost))
