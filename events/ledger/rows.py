"""Writes registrations in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from events.domain.attendee import guest_search_key
from events.domain.commands import Request
from events.domain.outcome import Outcome
from events.ledger.database import database
from events.ledger.records import MoveRecord, RegistrationRecord


def insert_decided(event_id: int, decided: Sequence[tuple[Request, Outcome]], *, decided_at: datetime) -> None:
    """Writes new rows, inside the caller's transaction: each request with the last outcome it had there.

    Raises:
        RowsExist: a ticket or a seat is in the ledger already.
        django.db.DataError, IntegrityError, ValueError: some entry cannot be stored.
        Nothing was written, whatever the reason.
    """
    if decided:
        records = [_registration(request, outcome) for request, outcome in decided]
        database().insert_registrations(event_id, records, decided_at=decided_at)


def move_decided(event_id: int, outcomes: Sequence[Outcome], *, decided_at: datetime) -> None:
    """Moves existing rows to a later status, inside the caller's transaction."""
    if outcomes:
        records = [
            MoveRecord(
                ticket_key=outcome.key,
                status=outcome.status.value,
                revision=outcome.revision,
                reason=outcome.reason.value if outcome.reason else "",
            )
            for outcome in outcomes
        ]
        database().move_registrations(event_id, records, decided_at=decided_at)


def _registration(request: Request, outcome: Outcome) -> RegistrationRecord:
    callback = request.callback
    return RegistrationRecord(
        ticket_key=request.key,
        name=request.name,
        email=request.email,
        email_key=None if request.email_key == request.email else request.email_key,
        search_key=guest_search_key(request.name, request.email),
        status=outcome.status,
        reason=outcome.reason or "",
        sequence=request.sequence,
        revision=outcome.revision,
        requested_ms=request.requested_ms,
        callback_url=callback.url if callback else "",
        callback_organizer_id=callback.organizer_id if callback else None,
        mark=request.mark,
    )
