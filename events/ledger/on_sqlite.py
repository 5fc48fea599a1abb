"""The operations of `events.ledger.database` on SQLite, through the ORM. A transaction locks the whole file.

Those of the outbox are in `events.ledger.webhooks.on_sqlite`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, Value, When

from events.domain.states import IN_LINE, Status
from events.domain.times import from_ms
from events.ledger.decision_log.sql import FIND_LOG_CHUNKS, INSERT_LOG_CHUNK
from events.ledger.mail.on_sqlite import claim_mails as claim_mails
from events.ledger.mail.on_sqlite import insert_mails as insert_mails
from events.ledger.mail.on_sqlite import insert_mails_of_seats as insert_mails_of_seats
from events.ledger.mail.on_sqlite import record_mails as record_mails
from events.ledger.records import CodeUseRecord, LogChunk, MoveRecord, RegistrationRecord, RowsExist
from events.ledger.sql import COUNTER_COLUMNS, TICKET_COLUMNS
from events.ledger.webhooks.on_sqlite import claim_deliveries as claim_deliveries
from events.ledger.webhooks.on_sqlite import insert_deliveries as insert_deliveries
from events.ledger.webhooks.on_sqlite import record_attempts as record_attempts
from events.models import AccessCode, Event, Registration

_IN_LINE = sorted(status.value for status in IN_LINE)


def lock_event(event_id: int) -> Event | None:
    """Reads an event's row. The transaction began IMMEDIATE, which locks the whole file."""
    return Event.objects.filter(pk=event_id).first()


def save_counters(event: Event) -> None:
    """Writes an event's counters."""
    event.save(update_fields=COUNTER_COLUMNS)


def insert_registrations(event_id: int, records: Sequence[RegistrationRecord], *, decided_at: datetime) -> None:
    """Writes rows of newly decided tickets."""
    rows = [_registration(event_id, record, decided_at) for record in records]
    try:
        with transaction.atomic():
            Registration.objects.bulk_create(rows)
    except IntegrityError as problem:
        if getattr(problem.__cause__, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_UNIQUE":
            raise RowsExist from problem
        raise


def _registration(event_id: int, record: RegistrationRecord, decided_at: datetime) -> Registration:
    columns = msgspec.structs.asdict(record)
    del columns["search_key"]  # the model fills it in
    columns["email_key"] = record.email if record.email_key is None else record.email_key
    expires_ms = columns.pop("expires_ms", None)
    return Registration(
        event_id=event_id,
        requested_at=from_ms(columns.pop("requested_ms")),
        decided_at=decided_at,
        expires_at=None if expires_ms is None else from_ms(expires_ms),
        confirmed_at=decided_at if record.status == Status.CONFIRMED else None,
        **columns,
    )


def move_registrations(event_id: int, records: Sequence[MoveRecord], *, decided_at: datetime) -> None:
    """Moves existing rows to a later status."""
    for record in records:
        rows = Registration.objects.filter(event_id=event_id, ticket_key=record.ticket_key)
        rows.filter(revision__lt=record.revision).update(
            status=record.status,
            reason=record.reason,
            revision=record.revision,
            decided_at=decided_at,
            confirmed_at=_newly_confirmed(decided_at) if record.status == Status.CONFIRMED else F("confirmed_at"),
            expires_at=F("expires_at") if record.expires_ms is None else from_ms(record.expires_ms),
            hold_confirmed_by=_or_kept(record, "hold_confirmed_by"),
            payment_reference=_or_kept(record, "payment_reference"),
            turn=_or_kept(record, "turn"),
        )


def _or_kept(record: MoveRecord, name: str) -> Any:
    value = getattr(record, name)
    return F(name) if value is None else value


def _newly_confirmed(moment: datetime) -> Case:
    return Case(When(status=Status.CONFIRMED.value, then=F("confirmed_at")), default=Value(moment))


def move_code_uses(event_id: int, records: Sequence[CodeUseRecord], *, changed_at: datetime) -> None:
    """Counts the seats that access codes have let in."""
    for record in records:
        codes = AccessCode.objects.filter(event_id=event_id, pk=record.id)
        codes.update(used_count=F("used_count") + record.seats, revision=F("revision") + 1, changed_at=changed_at)


def insert_codes(codes: Sequence[AccessCode]) -> None:
    """Writes new access codes of one event."""
    for code, made in zip(codes, AccessCode.objects.bulk_create(codes), strict=True):
        code.pk = made.pk


def find_tickets(event_id: int, keys: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Reads decided tickets by their keys."""
    return Registration.objects.filter(event_id=event_id, ticket_key__in=keys).values_list(*TICKET_COLUMNS)


def find_taken_emails(event_id: int, email_keys: Sequence[str]) -> set[str]:
    """Finds those that hold a seat or a position on the waitlist."""
    found = Registration.objects.filter(event_id=event_id, email_key__in=email_keys, status__in=_IN_LINE)
    return set(found.values_list("email_key", flat=True))


def find_entered_emails(event_id: int, email_keys: Sequence[str]) -> set[str]:
    """Finds those that are in a draw."""
    found = Registration.objects.filter(event_id=event_id, email_key__in=email_keys, status=Status.ENTERED.value)
    return set(found.values_list("email_key", flat=True))


def find_log_chunks(event_id: int, behind: int, commitment: bytes) -> Iterable[tuple[int, bytes]]:
    """Reads the batches behind one that have a commitment in them."""
    with connection.cursor() as cursor:
        statement = FIND_LOG_CHUNKS.format(position="instr(entries, %s)")
        cursor.execute(statement, [event_id, behind, commitment])
        return [(first, bytes(entries)) for first, entries in cursor.fetchall()]


def insert_log_chunk(chunk: LogChunk) -> None:
    """Writes a batch's entries."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT_LOG_CHUNK, chunk)


def allow_audit_purge() -> None:
    """Does nothing: SQLite's trigger forbids changes only."""


def lift_statement_timeout() -> None:
    """Does nothing: there is no such limit."""


def vacuum(tables: Iterable[str], *, rewrite: bool) -> bool:
    """Writes the whole file anew."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
    return True


def read_settings(names: Collection[str]) -> dict[str, str | None]:
    """Reads nothing: there is no server, and no log."""
    return {}


def count_standbys() -> int:
    """Counts none: there is no server."""
    return 0


def read_history() -> str:
    """Returns nothing: there is no standby."""
    return ""
