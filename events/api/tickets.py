"""Ticket ids of ledger rows."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from events.domain.tickets import Tickets
from events.models import Registration


@cache
def _tickets() -> Tickets:
    return Tickets(settings.SECRET_KEY)


def ticket_id(row: Registration) -> str:
    """The public id of a decided ticket."""
    return _tickets().ticket_id(event_id=row.event_id, key=row.ticket_key)
