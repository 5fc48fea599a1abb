"""The transaction of both baselines: lock the event, look for the e-mail, count the seats, insert."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework import serializers

from events.models import Event, Registration


class RegistrationSerializer(serializers.Serializer[Any]):
    """What both views validate."""

    name = serializers.CharField(max_length=255)
    email = serializers.EmailField(max_length=254)


def register(event_id: int, name: str, email: str) -> dict[str, Any]:
    """Decides one registration in a transaction of its own. `status` is the decision."""
    email_key = email.lower()
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=event_id)
        taken = Registration.objects.filter(event=event, status="confirmed")
        if taken.filter(email_key=email_key).exists():
            return {"status": "rejected", "reason": "duplicate"}
        confirmed = taken.count()
        if confirmed >= event.max_capacity:
            return {"status": "rejected", "reason": "sold_out"}
        now = timezone.now()
        row = Registration.objects.create(
            event=event,
            ticket_key=secrets.token_urlsafe(15),
            name=name,
            email=email,
            email_key=email_key,
            status="confirmed",
            sequence=confirmed + 1,
            requested_at=now,
            decided_at=now,
            confirmed_at=now,
        )
    return {"status": row.status, "ticket_id": row.ticket_key, "sequence": row.sequence}
