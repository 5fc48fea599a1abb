"""Registrations as rows on their way to the database."""

from __future__ import annotations

from msgspec.structs import asdict

from events.domain.attendee import guest_search_key
from events.domain.commands import Request
from events.domain.outcome import Outcome
from events.ledger.records import MoveRecord, RegistrationRecord, SeatsRecord


def move_record(outcome: Outcome) -> MoveRecord:
    """Makes the later status of a ticket that has a row."""
    return MoveRecord(
        ticket_key=outcome.key,
        status=outcome.status.value,
        revision=outcome.revision,
        reason=outcome.reason.value if outcome.reason else "",
        expires_ms=outcome.hold.expires_ms if outcome.hold else None,
        hold_confirmed_by=outcome.hold.confirmed_by.value if outcome.hold else None,
        payment_reference=outcome.payment_reference or None,
        turn=outcome.turn or None,
    )


def registration_record(request: Request, outcome: Outcome) -> RegistrationRecord:
    """Makes the new row of a request, with the last outcome that it had in its batch."""
    callback = request.callback
    record = RegistrationRecord(
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
    if request.quantity == 1 and not (request.type_id or request.code_id or outcome.hold or request.language):
        return record
    return SeatsRecord(
        **asdict(record),
        quantity=request.quantity,
        ticket_type_id=request.type_id or None,
        access_code_id=request.code_id or None,
        expires_ms=outcome.hold.expires_ms if outcome.hold else None,
        hold_confirmed_by=outcome.hold.confirmed_by.value if outcome.hold else "",
        language=request.language,
    )
