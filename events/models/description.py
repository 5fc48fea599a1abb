"""Descriptions of events: in a table of their own, so that what decides registrations never reads them."""

from __future__ import annotations

from django.db import models

from events.models.event import Event


class EventDescription(models.Model):
    """An event's description. `Event.description_version` tells which one it is."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True, related_name="described")
    text = models.TextField()  # Markdown

    def __str__(self) -> str:
        return f"description of {self.event_id}"
