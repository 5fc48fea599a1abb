"""What was decided behind the backup, and so would be missing after a restore; and what the queue would make of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import redis
from redis.exceptions import RedisError

from events.admission.queue import Queue
from events.domain.tickets import reference
from events.management.ledger_drill.contents import rows

SHOWN = 10
_PAGE = 1000
_EVENTS = "SELECT id, decided_at FROM events_event"
# `decided_at` grows strictly with every transaction that decides about an event.
_LATER = """
SELECT ticket_key, sequence, revision, status FROM events_registration
WHERE event_id = %s AND (%s::timestamptz IS NULL OR decided_at > %s) ORDER BY sequence
"""
_KNOWN = "SELECT ticket_key FROM events_registration WHERE event_id = %s AND ticket_key = ANY(%s)"


class Later(NamedTuple):
    """A ticket that was decided, or changed, behind the backup."""

    key: str
    sequence: int
    is_new: bool


def later_decisions(live: Any, restored: Any) -> dict[int, list[Later]]:
    """Finds, of every event, what the live ledger has decided behind the restored one."""
    known = dict(rows(restored, _EVENTS))
    found = {}
    for event_id, decided_at in rows(live, _EVENTS):
        before = known.get(event_id)
        if decided_at is None or (before is not None and decided_at <= before):
            continue
        changed = rows(live, _LATER, [event_id, before, before])
        there = {key for (key,) in rows(restored, _KNOWN, [event_id, [row[0] for row in changed]])}
        found[event_id] = [Later(key, sequence, key not in there) for key, sequence, _, _ in changed]
    return found


def describe(later: dict[int, list[Later]], client: redis.Redis, restored: Any) -> Iterator[str]:
    """Describes them event by event, and what drains would do with the queue as it is. Reads the queue only."""
    if not any(later.values()):
        yield "nothing was decided behind the backup"
    for event_id, tickets in later.items():
        new = [ticket for ticket in tickets if ticket.is_new]
        named = ", ".join(f"{reference(event_id, ticket.key)} ({ticket.sequence})" for ticket in new[:SHOWN])
        more = f" and {len(new) - SHOWN} more" if len(new) > SHOWN else ""
        yield (
            f"event {event_id}: a restore would lack {len(new)} tickets and {len(tickets) - len(new)} changes of others"
            + (f"; reference (sequence): {named}{more}" if new else "")
        )
        yield f"event {event_id}: {_redelivery(event_id, {ticket.key for ticket in new}, client, restored)}"


def _redelivery(event_id: int, missing: set[str], client: redis.Redis, restored: Any) -> str:
    try:
        queued = [entry.key for entry in _entries(event_id, client)]
    except RedisError as problem:
        return f"its queue cannot be read ({type(problem).__name__})"
    again = {key for (key,) in rows(restored, _KNOWN, [event_id, queued])}
    kept = missing & set(queued)
    return (
        f"of its {len(queued)} entries in the queue drains would decide all but {len(again)}, which are decided; "
        f"{len(kept)} of the missing tickets are among them, and workers would call the other "
        f"{len(missing) - len(kept)} `lost`"
    )


def _entries(event_id: int, client: redis.Redis) -> Iterator[Any]:
    queue, after = Queue(client), None
    while found := queue.head(event_id, count=_PAGE, after=after):
        yield from found
        after = found[-1].sequence
