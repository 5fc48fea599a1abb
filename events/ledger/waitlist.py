"""Positions on the waitlist, counted by the ledger: for tickets whose position is not in Redis."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from events.ledger import sql


def waitlist_positions(event_id: int, keys: Sequence[str]) -> dict[str, int]:
    """Counts the positions of these tickets, 1 = next to move up; those that are not on the waitlist are left out."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql.FIND_WAITLIST_POSITIONS.format(", ".join(["%s"] * len(keys))), [event_id, *keys])
        return {key: int(position) for key, position in cursor.fetchall()}
