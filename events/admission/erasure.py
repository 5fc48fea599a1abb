"""Finds and deletes what Redis knows of people and of past events, before its TTL would."""

from __future__ import annotations

from typing import Any

import redis

from events.admission import keys as k
from events.admission.entry import read_entry
from events.admission.fields import EMAIL
from events.domain.commands import Request
from omnify.common.replicas import NotReplicated, require_replicas

# As many entries lie in one node of a stream at most (`stream-node-max-entries`). A removed entry is only marked, and
# stays in memory and in rewritten files until its whole node is gone.
NODE_ENTRIES = 100


def delete_event_keys(client: redis.Redis, event_id: int) -> bool:
    """Deletes every key of an event that is over. False: an entry is still queued, and nothing was deleted."""
    keys = k.event_keys(event_id)
    if client.exists(keys.queue):
        return False
    client.unlink(*keys.all())
    return True


def is_queued(client: redis.Redis, event_id: int, email_digest: str) -> bool:
    """Tells whether a registration under this e-mail waits for its decision."""
    keys = k.event_keys(event_id)
    sequence: Any = client.hget(keys.pending, f"{EMAIL}{email_digest}")
    head = _head(client, event_id)
    return bool(sequence and head is not None and int(sequence) >= head)


def is_entry_freed(client: redis.Redis, event_id: int, sequence: int) -> bool:
    """Tells whether the memory of the entry with this sequence is free: the queue is empty, or a whole node further."""
    head = _head(client, event_id)
    return head is None or head > sequence + NODE_ENTRIES


def is_replicated(client: redis.Redis, event_id: int, *, replicas: int) -> bool:
    """Tells whether so many replicas have deleted what was deleted of an event. Waits for them for a second."""
    try:
        if replicas:
            require_replicas(client, k.event_keys(event_id).state, replicas)
    except NotReplicated:
        return False
    return True


def _head(client: redis.Redis, event_id: int) -> int | None:
    first: Any = client.xrange(k.event_keys(event_id).queue, count=1)
    return int(first[0][0].split(b"-", 1)[0]) if first else None


def delete_email_digest(client: redis.Redis, event_id: int, email_digest: str) -> None:
    """Deletes the digest by which a second registration under this e-mail is refused."""
    keys, field = k.event_keys(event_id), f"{EMAIL}{email_digest}"
    pipe = client.pipeline(transaction=False)
    for name in (keys.pending, *keys.decided):
        pipe.hdel(name, field)
    pipe.execute()


def find_personal_data(client: redis.Redis, event_id: int, email_digest: str) -> dict[str, Any]:
    """Finds everything that Redis has of one e-mail.

    `queued` is the waiting registration as it was sent, `holder` the keys of the tickets that hold its seat.
    """
    keys, field = k.event_keys(event_id), f"{EMAIL}{email_digest}"
    found: dict[str, Any] = {}
    sequence: Any = client.hget(keys.pending, field)
    entries: Any = client.xrange(keys.queue, f"{int(sequence)}-0", f"{int(sequence)}-0") if sequence else ()
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
                "language": command.language,
            }
    holders: list[Any] = [client.hget(name, field) for name in keys.decided]
    if any(holders):
        found["holder"] = sorted({key.decode() for key in holders if key})
    return found
