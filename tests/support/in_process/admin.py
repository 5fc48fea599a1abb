"""The admin's page of an event: what a browser sends when an operator saves it."""

from __future__ import annotations

from typing import Any

from django.test import Client

from events.ledger.descriptions import description_of
from events.models import Event


def form(event: Event, **changes: Any) -> dict[str, Any]:
    """What the browser would send."""
    sizes = {"max_capacity": event.max_capacity, "waitlist_capacity": event.waitlist_capacity}
    data: dict[str, Any] = {"name": event.name, "location": event.location, "visibility": event.visibility, **sizes}
    for name in ("start_time", "end_time", "registration_opens_at", "registration_closes_at"):
        moment = getattr(event, name)
        data |= {f"{name}_0": moment.strftime("%Y-%m-%d"), f"{name}_1": moment.strftime("%H:%M:%S")}
    return {**data, "timezone": event.timezone, "description": description_of(event), **changes}


def change(operator: Client, event_id: int, **changes: Any) -> Any:
    event = Event.objects.get(pk=event_id)
    return operator.post(f"/admin/events/event/{event_id}/change/", form(event, **changes))
