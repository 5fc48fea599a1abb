"""Tickets whose holders want no news: no reminders, and nothing about changes of the event."""

from __future__ import annotations

from events.models import MailOptOut, Registration


def opt_out(event_id: int, ticket_key: str) -> bool:
    """Notes that a ticket's holder wants no news. Repeating it is harmless. False: there is no such ticket."""
    if not Registration.objects.filter(event_id=event_id, ticket_key=ticket_key).exists():
        return False
    MailOptOut.objects.bulk_create([MailOptOut(event_id=event_id, ticket_key=ticket_key)], ignore_conflicts=True)
    return True
