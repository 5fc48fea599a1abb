"""What Redis knows of people and of past events, and how it is removed before its TTL would."""

from __future__ import annotations

from typing import Any

import redis

from events.admission import keys as k


def forget_event(client: redis.Redis, event_id: int) -> bool:
    """Removes every key of an event that is over. False: something is still queued, and nothing was removed."""
    keys = k.event_keys(event_id)
    if client.exists(keys.queue):
        return False
    client.unlink(*keys.all())
    return True


def is_queued(client: redis.Redis, event_id: int, email_digest: str) -> bool:
    """Whether a registration under this e-mail waits for its decision."""
    keys = k.event_keys(event_id)
    place: Any = client.hget(keys.pending, f"e{email_digest}")
    first: Any = client.xrange(keys.queue, count=1)
    return bool(place and first and int(place) >= int(first[0][0].split(b"-", 1)[0]))
