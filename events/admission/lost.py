"""Finds tickets that the queue has lost: acknowledged, and now neither waiting nor decided.

A ticket in `pending` whose sequence is before the head of the queue (or whose queue is gone) is an orphan: either
decided and about to be trimmed by the next drain, or lost. Only the ledger can tell, so the caller asks it. The same
holds for tickets in `missing`: a door has admitted them, and this server does not know them (`recovery`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import redis

from events.admission import calls
from events.admission import keys as k
from events.admission.fields import CODE_USES, TICKET
from events.admission.news_command import publish_command

_SCAN_COUNT = 500


@dataclass(frozen=True, slots=True)
class Orphan:
    """A field of `pending` with no entry in the queue behind it, or a missing ticket as it would stand there.

    `key` is None for an e-mail's field.
    """

    field: bytes
    key: str | None
    sequence: int


def orphans(client: redis.Redis, event_id: int) -> Iterator[Orphan]:
    """Finds the event's orphans. Reads the whole of `pending`, in steps."""
    keys = k.event_keys(event_id)
    if not client.exists(keys.pending, keys.missing):
        return
    for key, sequence in _tickets(client, keys.missing).items():
        yield Orphan(f"{TICKET}{key}".encode(), key, sequence)
    first: Any = client.xrange(keys.queue, count=1)
    head = int(first[0][0].split(b"-", 1)[0]) if first else None
    for field, value in client.hscan_iter(keys.pending, count=_SCAN_COUNT):
        if field.startswith(CODE_USES.encode()):
            continue  # counts tickets, and goes with the last of them
        sequence = int(value.split(b"|", 1)[0])
        if head is None or sequence < head:
            yield Orphan(field, field[1:].decode() if field[:1] == TICKET.encode() else None, sequence)


def move_to_lost(client: redis.Redis, event_id: int, lost: Iterable[Orphan]) -> int:
    """Moves orphans that the ledger does not know from `pending` to `lost`. Returns how many tickets are new there."""
    keys = k.event_keys(event_id)
    fields = [orphan.field for orphan in lost]
    moved = 0
    for start in range(0, len(fields), _SCAN_COUNT):
        part = fields[start : start + _SCAN_COUNT]
        call = calls.mark_lost(
            keys,
            lost_ttl=k.LOST_TTL_SECONDS,
            channel=keys.news,
            publish_command=publish_command(client),
            fields=part,
        )
        moved += int(call.run(client))
    return moved


def known_lost(client: redis.Redis, event_id: int) -> dict[str, int]:
    """Tickets known to be lost: key → sequence."""
    return _tickets(client, k.event_keys(event_id).lost)


def forget_missing(client: redis.Redis, event_id: int, keys: Iterable[str]) -> None:
    """Removes tickets from `missing` that the ledger knows."""
    client.hdel(k.event_keys(event_id).missing, *keys)


def _tickets(client: redis.Redis, name: str) -> dict[str, int]:
    found: Any = client.hgetall(name)
    return {key.decode(): int(sequence) for key, sequence in found.items()}
