"""Copies of events' rows in Redis, which the door reads instead of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import redis
from redis.exceptions import RedisError

from events.admission import calls
from events.admission import keys as k
from events.admission.fields import TYPE
from events.admission.scripts import Redis
from events.domain.snapshot import CopyProgress, EventSnapshot, TypeSnapshot
from events.domain.states import Access, DrawState, Visibility
from omnify.common.redis_nodes import by_node

_encode_json = msgspec.json.Encoder().encode


def put_snapshot(client: Redis, snapshot: EventSnapshot, *, replaces: int = 0) -> bool:
    """Puts a copy of an event's row, for the door. False: Redis has a newer one. Raises redis.exceptions.RedisError.

    `replaces` is the version of a newer copy that is replaced all the same: the ledger has lost what made it newer.
    """
    call = calls.put_event(
        k.event_keys(snapshot.event_id),
        version=snapshot.version,
        last_sequence=snapshot.last_sequence,
        state_ttl=k.STATE_TTL_SECONDS,
        decided_ms=snapshot.decided_ms,
        replaces=replaces,
        row=copied_fields(snapshot),
    )
    return bool(call.run(client))


def put_snapshots(client: redis.Redis, snapshots: Iterable[EventSnapshot]) -> dict[int, RedisError]:
    """Puts copies of events' rows. Returns what went wrong, by event; a node that fails is asked for no further one."""
    problems: dict[int, RedisError] = {}
    for part in by_node(client, list(snapshots), lambda snapshot: k.event_keys(snapshot.event_id).state):
        failed: RedisError | None = None
        for snapshot in part:
            try:
                if failed is None:
                    put_snapshot(client, snapshot)
            except RedisError as problem:
                failed = problem
            if failed is not None:
                problems[snapshot.event_id] = failed
    return problems


def copied_fields(snapshot: EventSnapshot) -> list[str | bytes | int]:
    """Returns what the door reads of an event's row, as field, value, field, value, ..."""
    fields: dict[str, str | bytes | int] = {
        "snapshot": _encode_json(snapshot),
        "opens": snapshot.opens_ms,
        "closes": snapshot.closes_ms,
        "ends": snapshot.end_ms,
        "cancelled": int(snapshot.cancelled),
        "organizer": snapshot.organizer_id,
        "draft": int(snapshot.visibility is Visibility.DRAFT),
        "paused": _paused_from(snapshot),
        "cancel_until": snapshot.cancel_until_ms,
        "capacity": snapshot.max_capacity,
        "confirmed": snapshot.confirmed_count,
        "waitlist_capacity": snapshot.waitlist_capacity,
        "waitlisted": snapshot.waitlisted_count,
        "held": snapshot.held_count,
        "waiting": snapshot.waitlisted_count - snapshot.waitlisted_companions,
        "max_quantity": snapshot.max_quantity,
        "codes": _codes(snapshot),
        "decided_ms": snapshot.decided_ms,
        "types": _encode_json([_line(found) for found in snapshot.ticket_types]) if snapshot.ticket_types else "",
        "line": _seats_in_line(snapshot),
    }
    return [part for pair in fields.items() for part in pair]


def _paused_from(snapshot: EventSnapshot) -> int:
    """Returns from when (ms) no registration is admitted, 0 if that does not end: while a draw is held, none is."""
    if snapshot.paused:
        return 1
    return snapshot.draw_ms if snapshot.draw_state in (DrawState.OPEN, DrawState.SEALED) else 0


def _seats_in_line(snapshot: EventSnapshot) -> str:
    """Returns what `lua/status.lua` needs to tell that a seat is unlikely: `version:decided ms:free:full`.

    `free` is how many seats are left for those in line, and empty where that tells nothing of a single ticket: in a
    draw, with ticket types, and while groups or holders of codes before it may be turned away. `full` has the ticket
    types without a seat, `|t<id>|t<id>|`, if there are types.
    """
    free, full = "", ""
    left = snapshot.max_capacity - snapshot.confirmed_count - snapshot.held_count
    if _paused_from(snapshot):
        pass
    elif snapshot.ticket_types:
        full = "|".join(("", *(f"{TYPE}{kind.id}" for kind in snapshot.ticket_types if _free(kind) <= 0), ""))
    elif left <= 0 or snapshot.waitlisted_count:
        free = "0"
    elif snapshot.max_quantity == 1 and not snapshot.looks_at_codes:
        free = str(left)
    return f"{snapshot.version}:{snapshot.decided_ms}:{free}:{full}"


def _codes(snapshot: EventSnapshot) -> str:
    """Returns `needed` if each registration needs an access code, `known` if it may have one, else nothing."""
    if snapshot.access is Access.CODE:
        return "needed"
    return "known" if snapshot.has_codes else ""


def _line(found: TypeSnapshot) -> tuple[int, ...]:
    """Returns what admission needs of a ticket type: id, capacity, seats and places that are left, most seats at once.

    Seats that are kept for a waiting group count as taken.
    """
    places = found.waitlist_capacity - found.waitlisted_count
    return (found.id, found.capacity, _free(found), places, found.max_quantity)


def _free(found: TypeSnapshot) -> int:
    """Returns the seats of a ticket type that are left for the next to come."""
    return 0 if found.waitlisted_count else found.capacity - found.confirmed_count - found.held_count


def event_progress(client: Redis, event_ids: Sequence[int]) -> dict[int, CopyProgress]:
    """Reads the version and the published time of each event's copy."""
    pipe = client.pipeline(transaction=False)
    for event_id in event_ids:
        pipe.execute_command(*read_progress(event_id))
    return {event_id: copy_progress(reply) for event_id, reply in zip(event_ids, pipe.execute(), strict=True)}


def is_shown(client: redis.Redis, event_id: int) -> bool:
    """Tells whether the door has an event and shows it to all. Raises redis.exceptions.RedisError."""
    draft: Any = client.hget(k.event_keys(event_id).state, "draft")
    return bool(draft == b"0")


def read_progress(event_id: int) -> tuple[str, ...]:
    """Returns the command whose reply `copy_progress` reads."""
    return ("HMGET", k.event_keys(event_id).state, "version", "shown")


def copy_progress(reply: Sequence[bytes | None]) -> CopyProgress:
    """Reads the version and the published time of an event's copy."""
    version, shown = map(_number, reply)
    return CopyProgress(version, shown or 0)


def _number(value: bytes | None) -> int | None:
    return None if value is None else int(value)
