"""What Redis knows of people and of past events, and how it is removed before its TTL would."""

from __future__ import annotations

from typing import Any

import redis

from events.admission import keys as k
from events.admission.entry import read_entry
from events.domain.commands import Request

# As many entries lie in one node of a stream at most (`stream-node-max-entries`). A removed entry is only marked, and
# stays in memory and in rewritten files until its whole node is gone.
NODE_ENTRIES = 100


def delete_event_keys(client: redis.Redis, event_id: int) -> bool:
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
    head = _head(client, event_id)
    return bool(place and head is not None and int(place) >= head)


def is_entry_freed(client: redis.Redis, event_id: int, sequence: int) -> bool:
    """Whether the memory of that place in the queue is free: the queue is empty, or a whole node further."""
    head = _head(client, event_id)
    return head is None or head > sequence + NODE_ENTRIES


def _head(client: redis.Redis, event_id: int) -> int | None:
    first: Any = client.xrange(k.event_keys(event_id).queue, count=1)
    return int(first[0][0].split(b"-", 1)[0]) if first else None


def delete_email_digest(client: redis.Redis, event_id: int, email_digest: str) -> None:
    """Removes the digest that refused a second registration under this e-mail."""
    keys, field = k.event_keys(event_id), f"e{email_digest}"
    pipe = client.pipeline(transaction=False)
    for name in (keys.pending, *keys.decided):
        pipe.hdel(name, field)
    pipe.execute()


def find_personal_data(client: redis.Redis, event_id: int, email_digest: str) -> dict[str, Any]:
    """What Redis has of one e-mail: the waiting registration as it was given, and the ticket that holds its seat."""
    keys, field = k.event_keys(event_id), f"e{email_digest}"
    found: dict[str, Any] = {}
    place: Any = client.hget(keys.pending, field)
    entries: Any = client.xrange(keys.queue, f"{int(place)}-0", f"{int(place)}-0") if place else ()
    for stream_id, fields in entries:
        command = read_entry(stream_id, fields).command
        if isinstance(command, Request):
            found["queued"] = {
                "ticket_key": command.key,
                "name": command.name,
                "email": command.email,
                "sequence": command.sequence,
                "requested_ms": command.requested_ms,
                "callback_url": command.callback.url if command.callback else "",
            }
    holders: list[Any] = [client.hget(name, field) for name in keys.decided]
    if any(holders):
        found["holder"] = sorted({key.decode() for key in holders if key})
    return found
