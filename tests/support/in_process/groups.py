"""A group at the entrance."""

from __future__ import annotations

from events.models import Event, Registration
from events.secrets import tickets
from tests.support.in_process.api import Caller, attend, create


def group_of(caller: Caller, quantity: int) -> tuple[int, str, str]:
    """An event with one group that has its seats: its id, and the ticket's code and id."""
    event_id = create(caller, max_quantity=4)
    attend(event_id, 1)
    Registration.objects.filter(event_id=event_id).update(quantity=quantity)
    Event.objects.filter(pk=event_id).update(confirmed_count=quantity, confirmed_companions=quantity - 1)
    key = Registration.objects.get(event_id=event_id).ticket_key
    made = tickets()
    return event_id, made.check_in_code(event_id=event_id, key=key), made.ticket_id(event_id=event_id, key=key)


def inside(caller: Caller, event_id: int) -> int:
    """How many people are in."""
    return int(caller.get(f"/events/{event_id}/stats").json()["data"]["checked_in"])
