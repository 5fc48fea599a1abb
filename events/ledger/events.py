"""Creating and changing events.

A change holds the row lock under which seats are decided from before its rules are checked until it is committed, so
that capacity never races and two changes at once cannot agree on something that neither of them asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def lock_event(*, event_id: int, organizer_id: int | None = None) -> Event | None:
    """The event, locked until the caller's transaction ends; None if there is none of this organizer's."""
    owned = {} if organizer_id is None else {"organizer_id": organizer_id}
    return Event.objects.select_for_update().filter(pk=event_id, **owned).first()


def change_event(event: Event, *, fields: Mapping[str, Any]) -> Event:
    """Writes validated `fields` and grows the version. `event` comes from `lock_event`, in the same transaction.

    Raises:
        CapacityBelowConfirmed: `max_capacity` would take back a seat that was given out.
    """
    if fields.get("max_capacity", event.max_capacity) < event.confirmed_count:
        raise CapacityBelowConfirmed(event.confirmed_count)
    if fields:
        Event.objects.filter(pk=event.pk).update(**fields, version=F("version") + 1)
        event.refresh_from_db()
    return event
