"""Reads decided tickets, many at once: for the drain before it decides, and for the door's loader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from events.domain.allocation import DecidedTicket
from events.domain.codes import NO_CODE
from events.domain.commands import Callback
from events.domain.holds import ConfirmedBy, Hold
from events.domain.outcome import Outcome
from events.domain.seats import NO_TYPE
from events.domain.states import IN_LINE, Reason, Status
from events.domain.times import to_ms
from events.ledger.database import database
from events.ledger.sql import TICKET_COLUMNS
from events.models import Registration

_IN_LINE = sorted(status.value for status in IN_LINE)


def known_tickets(event_id: int, keys: Sequence[str]) -> dict[str, DecidedTicket]:
    """Reads these tickets; those that are not decided yet are left out."""
    if not keys:
        return {}
    found = (_ticket(*row) for row in database().find_tickets(event_id, keys))
    return {ticket.outcome.key: ticket for ticket in found}


def known_outcomes(event_id: int, keys: Sequence[str]) -> dict[str, Outcome]:
    """Reads the outcomes of these tickets, by key."""
    return {key: held.outcome for key, held in known_tickets(event_id, keys).items()}


def find_outcomes(tickets: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Outcome]:
    """Reads the outcomes of `tickets`, given as (event id, key); undecided ones are left out."""
    by_event: dict[int, list[str]] = {}
    for event_id, key in tickets:
        by_event.setdefault(event_id, []).append(key)
    return {
        (event_id, key): outcome
        for event_id, keys in by_event.items()
        for key, outcome in known_outcomes(event_id, keys).items()
    }


def taken_emails(event_id: int, email_keys: Sequence[str], *, entries: bool = False) -> set[str]:
    """Finds those among `email_keys` that hold a seat or wait for one; with `entries`, also those in a draw.

    Raises ValueError for a NUL in one.
    """
    if not email_keys:
        return set()
    found = database().find_taken_emails(event_id, email_keys)
    return found | database().find_entered_emails(event_id, email_keys) if entries else found


def first_waitlisted(event_id: int, type_id: int = NO_TYPE, *, count: int, drawn: bool = False) -> list[DecidedTicket]:
    """Reads the first `count` tickets on the waitlist of a ticket type, in order of admission; where the event has
    `drawn`, those that were in it come before, in the order that was drawn."""
    if not count:
        return []
    if not drawn:
        return list(_read(_waiting(event_id, type_id)[:count]))
    first = list(_read(_drawn(event_id, type_id)[:count]))
    rest = _waiting(event_id, type_id).filter(turn__isnull=True)
    return first + list(_read(rest[: count - len(first)])) if len(first) < count else first


def _drawn(event_id: int, type_id: int) -> QuerySet[Registration]:
    rows = _of(event_id).filter(status=Status.WAITLISTED.value, turn__isnull=False)
    return rows.filter(ticket_type_id=type_id or None).order_by("turn")


def waiting_for_more(event_id: int, type_id: int, *, seats: int, count: int) -> list[DecidedTicket]:
    """Reads up to `count` tickets on a waitlist that ask for more than `seats`."""
    return list(_read(_waiting(event_id, type_id).filter(quantity__gt=seats)[:count]))


def _waiting(event_id: int, type_id: int) -> QuerySet[Registration]:
    rows = _of(event_id).filter(status=Status.WAITLISTED.value)
    # An event without types has no other tickets, so its index needs no further condition.
    typed = rows if type_id == NO_TYPE else rows.filter(ticket_type_id=type_id)
    return typed.order_by("sequence", "pk")


def holding_tickets(event_id: int, *, count: int) -> list[DecidedTicket]:
    """Reads any `count` tickets that hold a seat, wait for one or are in a draw, in the order of their indexes."""
    found = list(_read(_of(event_id).filter(status__in=_IN_LINE).order_by("email_key")[:count]))
    if len(found) == count:
        return found
    entries = _of(event_id).filter(status=Status.ENTERED.value).order_by("pk")
    return found + list(_read(entries[: count - len(found)]))


def changed_since(
    event_id: int, moment: datetime, *, until: datetime | None = None, limit: int | None = None
) -> list[DecidedTicket]:
    """Reads tickets that changed after `moment` and after their first decision, by a later decision or a check-in.

    With `until` those that changed up to then, with `limit` so many of each kind at most.
    """
    decided, entered = _changed(event_id, moment)
    if until is not None:
        decided, entered = decided.filter(decided_at__lte=until), entered.filter(check_in_changed_at__lte=until)
    seen = Q(revision__gt=1, decided_at__gt=moment) & (Q() if until is None else Q(decided_at__lte=until))
    return [*_read(decided[:limit]), *_read(entered.exclude(seen)[:limit])]


def moments_of_changes(event_id: int, moment: datetime, *, count: int) -> list[datetime]:
    """Reads when the `count`th ticket after `moment` was changed, for each kind of change that has as many."""
    decided, entered = _changed(event_id, moment)
    place = slice(count - 1, count)
    moments = [
        *decided.values_list("decided_at", flat=True)[place],
        *entered.values_list("check_in_changed_at", flat=True)[place],
    ]
    return [found for found in moments if found]


def _changed(event_id: int, moment: datetime) -> tuple[QuerySet[Registration], QuerySet[Registration]]:
    decided = _of(event_id).filter(revision__gt=1, decided_at__gt=moment).order_by("decided_at")
    return decided, _of(event_id).filter(check_in_changed_at__gt=moment).order_by("check_in_changed_at")


def _of(event_id: int) -> QuerySet[Registration]:
    return Registration.objects.filter(event_id=event_id)


def _read(rows: QuerySet[Registration]) -> Iterable[DecidedTicket]:
    return (_ticket(*row) for row in rows.values_list(*TICKET_COLUMNS))


def _ticket(
    key: str,
    email_key: str,
    status: str,
    reason: str,
    sequence: int,
    requested_at: datetime,
    decided_at: datetime,
    revision: int,
    callback_url: str,
    callback_organizer_id: int | None,
    mark: str,
    checked_in_at: datetime | None,
    quantity: int,
    ticket_type_id: int | None,
    partly_in: int | None,
    access_code_id: int | None,
    expires_at: datetime | None,
    hold_confirmed_by: str,
    payment_reference: str,
    turn: int | None,
) -> DecidedTicket:
    outcome = Outcome(
        key=key,
        status=Status(status),
        reason=_reason(status, reason),
        sequence=sequence,
        requested_ms=to_ms(requested_at),
        decided_ms=to_ms(decided_at),
        revision=revision,
        checked_in_ms=to_ms(checked_in_at) if checked_in_at else None,
        callback=Callback(callback_url, callback_organizer_id) if callback_organizer_id else None,
        mark=mark,
        quantity=quantity,
        type_id=ticket_type_id or NO_TYPE,
        partly_in=partly_in,
        code_id=access_code_id or NO_CODE,
        hold=Hold(to_ms(expires_at), ConfirmedBy(hold_confirmed_by)) if expires_at else None,
        payment_reference=payment_reference,
        turn=turn or 0,
    )
    return DecidedTicket(email_key, outcome)


def _reason(status: str, reason: str) -> Reason | None:
    """Reads a reason. An older release wrote none for a cancellation by the holder."""
    if reason:
        return Reason(reason)
    return Reason.BY_HOLDER if status == Status.CANCELLED else None
