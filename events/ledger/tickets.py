"""Reading decided tickets, many at once: what the decider has to know, and what the door asks for.

PostgreSQL is asked for a thousand keys with one JSON array that is unpacked while the query runs: with the keys in the
query itself, the planner would estimate each of them, which takes longer than finding them. SQLite goes through the
ORM.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from django.db import connection
from django.db.models import QuerySet

from events.domain.allocation import DecidedTicket
from events.domain.commands import Callback
from events.domain.outcome import Outcome
from events.domain.states import HOLDING, Reason, Status
from events.domain.times import to_ms
from events.ledger.quietly import refuse_nul
from events.models import Registration

_encode = msgspec.json.Encoder().encode
_FIELDS = (
    *("ticket_key", "email_key", "status", "reason", "sequence"),
    *("requested_at", "decided_at", "revision", "callback_url", "callback_organizer_id", "mark", "checked_in_at"),
)
_HOLDING = sorted(status.value for status in HOLDING)

_KNOWN = f"""
SELECT {", ".join(_FIELDS)}
FROM events_registration WHERE event_id = %s AND ticket_key = ANY(ARRAY(SELECT json_array_elements_text(%s)))
"""  # noqa: S608 - column names of our own
# The condition is the unique index's own, so that the planner can use it.
_HOLDERS = """
SELECT email_key FROM events_registration
WHERE event_id = %s AND email_key = ANY(ARRAY(SELECT json_array_elements_text(%s)))
    AND status IN ('confirmed', 'waitlisted')
"""


def known_tickets(event_id: int, keys: Sequence[str]) -> dict[str, DecidedTicket]:
    """What the ledger holds about these tickets, by key."""
    if not keys:
        return {}
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_KNOWN, [event_id, _encode(keys).decode()])
            return _by_key(_held(*row) for row in cursor.fetchall())
    return _by_key(_read(_of(event_id).filter(ticket_key__in=keys)))


def known_outcomes(event_id: int, keys: Sequence[str]) -> dict[str, Outcome]:
    """The same without the e-mails: key → outcome."""
    return {key: held.outcome for key, held in known_tickets(event_id, keys).items()}


def find_outcomes(tickets: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Outcome]:
    """The decided ones among `tickets`, given as (event id, key)."""
    by_event: dict[int, list[str]] = {}
    for event_id, key in tickets:
        by_event.setdefault(event_id, []).append(key)
    return {
        (event_id, key): outcome
        for event_id, keys in by_event.items()
        for key, outcome in known_outcomes(event_id, keys).items()
    }


def taken_emails(event_id: int, email_keys: Sequence[str]) -> set[str]:
    """Those among `email_keys` that hold a seat or a place on the waitlist. Raises ValueError for a NUL in one."""
    if not email_keys:
        return set()
    if connection.vendor == "postgresql":
        document = _encode(email_keys).decode()
        refuse_nul(document, email_keys)
        with connection.cursor() as cursor:
            cursor.execute(_HOLDERS, [event_id, document])
            return {row[0] for row in cursor.fetchall()}
    found = _of(event_id).filter(email_key__in=email_keys, status__in=_HOLDING)
    return set(found.values_list("email_key", flat=True))


def first_waitlisted(event_id: int, *, count: int) -> list[DecidedTicket]:
    """The first `count` on the waitlist, in order of admission."""
    rows = _of(event_id).filter(status=Status.WAITLISTED.value).order_by("sequence", "pk")
    return list(_read(rows[:count])) if count else []


def holding_tickets(event_id: int, *, count: int) -> list[DecidedTicket]:
    """Any `count` tickets that hold a place, in the order of the index that finds them."""
    return list(_read(_of(event_id).filter(status__in=_HOLDING).order_by("email_key")[:count]))


def changed_since(event_id: int, moment: datetime) -> list[DecidedTicket]:
    """Tickets that were changed after their first decision, by another one or at the entrance, later than `moment`."""
    decided = _of(event_id).filter(revision__gt=1, decided_at__gt=moment).order_by("decided_at")
    entered = _of(event_id).filter(check_in_changed_at__gt=moment).exclude(decided_at__gt=moment)
    return [*_read(decided), *_read(entered.order_by("check_in_changed_at"))]


def _of(event_id: int) -> QuerySet[Registration]:
    return Registration.objects.filter(event_id=event_id)


def _read(rows: QuerySet[Registration]) -> Iterable[DecidedTicket]:
    return (_held(*row) for row in rows.values_list(*_FIELDS))


def _by_key(found: Iterable[DecidedTicket]) -> dict[str, DecidedTicket]:
    return {held.outcome.key: held for held in found}


def _held(
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
    )
    return DecidedTicket(email_key, outcome)


def _reason(status: str, reason: str) -> Reason | None:
    """A release before this one wrote no reason for a cancellation; the migration found those of cancelled events."""
    if reason:
        return Reason(reason)
    return Reason.BY_HOLDER if status == Status.CANCELLED else None
