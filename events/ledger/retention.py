"""Forgetting people: names and e-mail addresses go, the rows stay, so that every count stays what it was.

An anonymised row has no name and no e-mail. Its `email_key` is made of its ticket's key, which is as unique as the
address was and says nothing about anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat

from events.domain.attendee import mailbox_keys
from events.domain.snapshot import EventSnapshot
from events.domain.states import HOLDING
from events.ledger.queries import event_snapshot
from events.models import Event, Registration, WebhookDelivery

FORGOTTEN = "forgotten:"
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class TicketOfPerson:
    """A ticket under the e-mail address that is to be forgotten. `held`: it has a seat, or a place on a waitlist, that
    can be given back: whoever was let in keeps it.

    `email` is the address as it was given.
    """

    event_id: int
    key: str
    held: bool
    sequence: int
    email: str


def past_events(*, ended_before: datetime) -> Iterator[EventSnapshot]:
    """Events that ended before that moment and of which people are still known, the oldest first."""
    rows = Event.objects.filter(end_time__lt=ended_before, forgotten_at=None).order_by("end_time", "pk")
    for event in rows.iterator(chunk_size=_CHUNK):
        yield event_snapshot(event)


def anonymise_event(event_id: int, *, now: datetime) -> int:
    """Forgets everybody of an event, a thousand rows a statement, and that it was done. Returns how many rows."""
    rows = Registration.objects.filter(event_id=event_id)
    in_order = rows.order_by("ticket_key").values_list("ticket_key", flat=True)
    forgotten, last = 0, ""
    while keys := list(in_order.filter(ticket_key__gt=last)[:_CHUNK]):
        forgotten += _anonymise(rows.filter(ticket_key__in=keys))
        last = keys[-1]
    _callbacks(event_id).delete()
    Event.objects.filter(pk=event_id).update(forgotten_at=now)
    return forgotten


def tickets_of_email(email_key: str) -> list[TicketOfPerson]:
    """Every ticket under an address. Reads event after event: nothing but a seat is found by its address alone."""
    found: list[TicketOfPerson] = []
    keys = mailbox_keys(email_key)
    for event_id in Event.objects.filter(forgotten_at=None).order_by("pk").values_list("pk", flat=True):
        rows = Registration.objects.filter(event_id=event_id, email_key__in=keys)
        fields = rows.values_list("ticket_key", "status", "checked_in_at", "sequence", "email")
        for key, status, checked_in_at, place, email in fields:
            found.append(TicketOfPerson(event_id, key, status in HOLDING and checked_in_at is None, place, email))
    return found


def anonymise_tickets(tickets: list[TicketOfPerson]) -> int:
    """Forgets whose tickets these are, and where their messages went. Returns how many rows."""
    for ticket in tickets:
        _callbacks(ticket.event_id).filter(ticket_key=ticket.key).delete()
    return sum(
        _anonymise(Registration.objects.filter(event_id=ticket.event_id, ticket_key=ticket.key)) for ticket in tickets
    )


def _callbacks(event_id: int) -> QuerySet[WebhookDelivery]:
    """Messages to addresses that came with registrations. An organizer's own webhooks get tickets, not people."""
    return WebhookDelivery.objects.filter(event_id=event_id).exclude(url="")


def _anonymise(rows: QuerySet[Registration]) -> int:
    known = rows.exclude(email="", name="")
    # A callback's address may name somebody too, and nothing is left to tell of.
    nobody = {"name": "", "email": "", "search_key": None, "callback_url": "", "callback_organizer": None}
    return known.update(**nobody, email_key=Concat(Value(FORGOTTEN), F("ticket_key")))
