"""Reads and writes the descriptions of events."""

from __future__ import annotations

from collections.abc import Iterable

from events.domain.snapshot import Description
from events.models import Event, EventDescription


def description_of(event: Event) -> str:
    """Returns an event's description; empty without one. An event that never had one costs no query."""
    if not event.description_version:
        return ""
    return EventDescription.objects.filter(event=event).values_list("text", flat=True).first() or ""


def descriptions_of(event_ids: Iterable[int]) -> list[Description]:
    """Returns the descriptions of those of the events that have one, each with its version, from one reading."""
    rows = EventDescription.objects.filter(event_id__in=event_ids)
    return [Description(*row) for row in rows.values_list("event_id", "event__description_version", "text")]


def set_description(event: Event, text: str) -> bool:
    """Writes the description of a locked event, and grows its version in memory. Returns whether it is another one.

    The caller saves `description_version`.
    """
    if text == description_of(event):
        return False
    EventDescription.objects.update_or_create(event=event, defaults={"text": text})
    event.description_version += 1
    return True
