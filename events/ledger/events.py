"""Creating and changing events.

A change takes the row lock under which seats are decided, so that capacity never races.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from events.models import Event, Organizer


class CapacityBelowConfirmed(Exception):
    """The event has more confirmed registrations than the capacity asked for."""

    def __init__(self, confirmed_count: int) -> None:
        super().__init__(f"{confirmed_count} registrations are already confirmed.")
        self.confirmed_count = confirmed_count


def create_event(*, organizer: Organizer, fields: Mapping[str, Any]) -> Event:
    """Writes a new event of `organizer`; `fields` are validated values by column."""
    return Event.objects.create(organizer=organizer, **fields)


def change_event(*, event_id: int, fields: Mapping[str, Any]) -> Event:
    """Writes validated `fields` under the event's row lock and grows its version.

    Raises:
        CapacityBelowConfirmed: `max_capacity` would take back a seat that was given out.
        Event.DoesNotExist: no such event.
    """
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=event_id)
        if fields.get("max_capacity", event.max_capacity) < event.confirmed_count:
            raise CapacityBelowConfirmed(event.confirmed_count)
        Event.objects.filter(pk=event_id).update(**fields, version=F("version") + 1)
        event.refresh_from_db()
    return event
