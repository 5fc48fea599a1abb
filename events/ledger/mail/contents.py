"""What mails are made of, read when they are sent: their events, and their tickets' registrations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from events.ledger.counters import with_types
from events.ledger.mail.claims import ClaimedMail
from events.models import Event, MailOptOut, Registration

_COLUMNS = (
    *("id", "event_id", "ticket_key", "mark", "name", "email", "email_key", "language", "status", "reason", "quantity"),
    *("ticket_type_id", "sequence", "revision", "requested_at", "decided_at", "confirmed_at", "expires_at"),
    *("hold_confirmed_by", "checked_in_at", "partly_in"),
)


class Contents(msgspec.Struct, frozen=True):
    """Events by id, and registrations by event and key; `opted_out` are tickets whose holders want no news."""

    events: dict[int, Event]
    registrations: dict[tuple[int, str], Registration]
    opted_out: set[tuple[int, str]]


def read_contents(mails: Iterable[ClaimedMail]) -> Contents:
    """Reads what these mails are about: four statements for a claim that is about one event."""
    keys: dict[int, list[str]] = {}
    for mail in mails:
        keys.setdefault(mail.event_id, []).append(mail.ticket_key)
    events = with_types(Event.objects.filter(pk__in=keys))
    rows = (row for event_id, found in keys.items() for row in _registrations(event_id, found))
    return Contents(
        {event.pk: event for event in events},
        {(row.event_id, row.ticket_key): row for row in rows},
        {pair for event_id, found in keys.items() for pair in _opted_out(event_id, found)},
    )


def _registrations(event_id: int, keys: list[str]) -> Iterable[Registration]:
    return Registration.objects.filter(event_id=event_id, ticket_key__in=keys).only(*_COLUMNS)


def _opted_out(event_id: int, keys: list[str]) -> Iterable[Any]:
    return MailOptOut.objects.filter(event_id=event_id, ticket_key__in=keys).values_list("event_id", "ticket_key")
