"""Positions on the waitlist, counted by the ledger: for tickets whose position is not in Redis."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from events.ledger import sql
from events.models import Event, TicketType


def waitlist_positions(event_id: int, keys: Sequence[str]) -> dict[str, int]:
    """Counts the positions of these tickets in their lines, 1 = next to move up; leaves out those that do not wait."""
    if not keys:
        return {}
    statement = _statement(event_id)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(keys=", ".join(["%s"] * len(keys))), [event_id, *keys])
        return {key: int(position) for key, position in cursor.fetchall()}


def _statement(event_id: int) -> str:
    if Event.objects.filter(pk=event_id, draw_at__isnull=False).exists():
        return sql.FIND_DRAWN_POSITIONS
    typed = TicketType.objects.filter(event_id=event_id).exists()
    return sql.FIND_TYPE_POSITIONS if typed else sql.FIND_WAITLIST_POSITIONS
