"""Anonymises registrations: names and e-mail addresses are removed, rows and therefore all counts stay.

An anonymised row has no name and no e-mail. Its `email_key` is made of its ticket's key, which is as unique as the
address was and identifies no person.
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
from events.models import DecisionLog, Event, GuestCorrection, IdempotentAnswer, Registration, WebhookDelivery

FORGOTTEN = "forgotten:"
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class TicketOfPerson:
    """A ticket under an e-mail address that is to be erased.

    `held`: it has a seat or a position on the waitlist that can be given back; not after a check-in. `email` is the
    address as it was entered.
    """

    event_id: int
    key: str
    held: bool
    sequence: int
    email: str


def past_events(*, ended_before: datetime) -> Iterator[EventSnapshot]:
    """Reads events that ended before that time and are not anonymised yet, the oldest first."""
    rows = Event.objects.filter(end_time__lt=ended_before, forgotten_at=None).order_by("end_time", "pk")
    for event in rows.iterator(chunk_size=_CHUNK):
        yield event_snapshot(event)


def anonymise_event(event_id: int, *, now: datetime) -> int:
    """Anonymises all registrations of an event, 1,000 rows a statement, and marks it. Returns how many rows."""
    rows = Registration.objects.filter(event_id=event_id)
    in_order = rows.order_by("ticket_key").values_list("ticket_key", flat=True)
    forgotten, last = 0, ""
    while keys := list(in_order.filter(ticket_key__gt=last)[:_CHUNK]):
        forgotten += _anonymise(rows.filter(ticket_key__in=keys))
        last = keys[-1]
    _callbacks(event_id).delete()
    _kept_answers([event_id]).delete()
    _freed_addresses(event_id).update(freed_digest="")
    # Without its key no one can try out whose mailbox a digest in the event's log is.
    DecisionLog.objects.filter(pk=event_id).update(mailbox_key=b"")
    Event.objects.filter(pk=event_id).update(forgotten_at=now)
    return forgotten


def tickets_of_email(email_key: str) -> list[TicketOfPerson]:
    """Reads every ticket under an address, event by event: only tickets that hold a seat have an index by address."""
    found: list[TicketOfPerson] = []
    keys = mailbox_keys(email_key)
    for event_id in Event.objects.filter(forgotten_at=None).order_by("pk").values_list("pk", flat=True):
        rows = Registration.objects.filter(event_id=event_id, email_key__in=keys)
        fields = rows.values_list("ticket_key", "status", "checked_in_at", "sequence", "email")
        for key, status, checked_in_at, sequence, email in fields:
            found.append(TicketOfPerson(event_id, key, status in HOLDING and checked_in_at is None, sequence, email))
    return found


def anonymise_tickets(tickets: list[TicketOfPerson]) -> int:
    """Anonymises tickets and deletes their callback messages. Returns how many rows were anonymised."""
    for ticket in tickets:
        _callbacks(ticket.event_id).filter(ticket_key=ticket.key).delete()
        _freed_addresses(ticket.event_id).filter(ticket_key=ticket.key).update(freed_digest="")
    _kept_answers([ticket.event_id for ticket in tickets]).delete()
    return sum(
        _anonymise(Registration.objects.filter(event_id=ticket.event_id, ticket_key=ticket.key)) for ticket in tickets
    )


def _callbacks(event_id: int) -> QuerySet[WebhookDelivery]:
    """Messages to callback URLs, which may name a person. Those to an organizer's own webhooks name tickets only."""
    return WebhookDelivery.objects.filter(event_id=event_id).exclude(url="")


def _freed_addresses(event_id: int) -> QuerySet[GuestCorrection]:
    """Corrections that keep the digest of a former address."""
    return GuestCorrection.objects.filter(event_id=event_id).exclude(freed_digest="")


def _kept_answers(event_ids: list[int]) -> QuerySet[IdempotentAnswer]:
    """Answers to the organizers of these events, which may name a person. They are encrypted, and kept for a day."""
    return IdempotentAnswer.objects.filter(organizer__events__in=event_ids)


def _anonymise(rows: QuerySet[Registration]) -> int:
    known = rows.exclude(email="", name="")
    # A callback's URL may name a person too, and its organizer may know whom an access code was made for.
    blank = {"name": "", "email": "", "search_key": None, "callback_url": "", "callback_organizer": None}
    blank |= {"access_code": None, "language": ""}
    # So may what a shop calls a payment.
    return known.update(**blank, payment_reference="", email_key=Concat(Value(FORGOTTEN), F("ticket_key")))
