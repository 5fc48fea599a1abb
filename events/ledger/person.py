"""Exports everything the ledger stores about one e-mail address, field by field; new columns are included."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from events.domain.attendee import mailbox_keys
from events.models import Event, Registration, WebhookDelivery


def registrations_of(email_key: str) -> list[dict[str, Any]]:
    """Reads each registration under the address, with its event's name and its webhook deliveries, in order."""
    return [
        {**_fields(row), "event_name": event.name, "webhook_deliveries": _deliveries(row)}
        for event in Event.objects.order_by("pk").iterator(chunk_size=1000)
        for row in Registration.objects.filter(event=event, email_key__in=mailbox_keys(email_key)).order_by("pk")
    ]


def _deliveries(row: Registration) -> list[dict[str, Any]]:
    found = WebhookDelivery.objects.filter(event_id=row.event_id, ticket_key=row.ticket_key)
    return [_fields(delivery) for delivery in found.order_by("pk")]


def _fields(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name != "id"}
