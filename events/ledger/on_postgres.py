"""The operations of `events.ledger.database` on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any

import msgspec
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, ProgrammingError, connection, transaction

from events.ledger import sql
from events.ledger.decision_log.sql import COPY_LOG_CHUNK, FIND_LOG_CHUNKS
from events.ledger.mail import sql as mail_sql
from events.ledger.quietly import refuse_nul, run_quietly
from events.ledger.records import (
    AttemptRecord,
    CodeUseRecord,
    LogChunk,
    MailRecord,
    MailResult,
    MessageRecord,
    MoveRecord,
    RegistrationRecord,
    Subscriber,
)
from events.ledger.webhooks import sql as outbox
from events.models import AccessCode, Event

_encode = msgspec.json.Encoder().encode
# Of https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": signature, flags, no extension.
_COPY_HEADER, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def lock_event(event_id: int) -> Event | None:
    """Reads and locks an event's row. Not through a query set: building one takes longer than the statement."""
    statement, names, readers = _event_columns()
    with connection.cursor() as cursor:
        cursor.execute(statement, [event_id])
        row = cursor.fetchone()
    if row is None:
        return None
    values = list(row)
    for index, read in readers.items():
        values[index] = read(values[index], None, connection)
    return Event.from_db(DEFAULT_DB_ALIAS, names, values)


@cache
def _event_columns() -> tuple[str, Sequence[str], Mapping[int, Callable[..., Any]]]:
    """Returns the statement, the names of its columns in the model, and what reads values that are not the model's."""
    fields = Event._meta.concrete_fields
    readers = {index: field.from_db_value for index, field in enumerate(fields) if hasattr(field, "from_db_value")}
    statement = sql.LOCK_EVENT.format(columns=", ".join(str(field.column) for field in fields))
    return statement, [field.attname for field in fields], readers


def save_counters(event: Event) -> None:
    """Writes an event's counters."""
    values = {name: getattr(event, name) for name in sql.COUNTER_COLUMNS}
    values["rejected_counts"] = _encode(event.rejected_counts).decode()
    with connection.cursor() as cursor:
        cursor.execute(sql.SAVE_COUNTERS, [*values.values(), event.pk])


def insert_registrations(event_id: int, records: Sequence[RegistrationRecord], *, decided_at: datetime) -> None:
    """Writes rows of newly decided tickets."""
    plain = all(type(record) is RegistrationRecord for record in records)
    statement = sql.INSERT_REGISTRATIONS if plain else sql.INSERT_SEATS
    run_quietly(statement, document=_encode(records), event_id=event_id, moment=decided_at)


def move_registrations(event_id: int, records: Sequence[MoveRecord], *, decided_at: datetime) -> None:
    """Moves existing rows to a later status."""
    run_quietly(sql.MOVE_REGISTRATIONS, document=_encode(records), event_id=event_id, moment=decided_at)


def move_code_uses(event_id: int, records: Sequence[CodeUseRecord], *, changed_at: datetime) -> None:
    """Counts the seats that access codes have let in."""
    run_quietly(sql.MOVE_CODE_USES, document=_encode(records), event_id=event_id, moment=changed_at)


def insert_codes(codes: Sequence[AccessCode]) -> None:
    """Writes new access codes of one event."""
    document = [[getattr(code, name) for name in sql.NEW_CODE_COLUMNS] for code in codes]
    with connection.cursor() as cursor:
        cursor.execute(sql.INSERT_CODES, [_encode(document).decode()])
        for code, (code_id,) in zip(codes, cursor.fetchall(), strict=True):
            code.pk = code_id


def find_tickets(event_id: int, keys: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Reads decided tickets by their keys."""
    with connection.cursor() as cursor:
        cursor.execute(sql.FIND_TICKETS, [event_id, _encode(keys).decode()])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def find_taken_emails(event_id: int, email_keys: Sequence[str]) -> set[str]:
    """Finds those that hold a seat or a position on the waitlist."""
    return _find_emails(sql.FIND_TAKEN_EMAILS, event_id, email_keys)


def find_entered_emails(event_id: int, email_keys: Sequence[str]) -> set[str]:
    """Finds those that are in a draw."""
    return _find_emails(sql.FIND_ENTERED_EMAILS, event_id, email_keys)


def _find_emails(statement: str, event_id: int, email_keys: Sequence[str]) -> set[str]:
    document = _encode(email_keys).decode()
    refuse_nul(document, email_keys)
    with connection.cursor() as cursor:
        cursor.execute(statement, [event_id, document])
        return {row[0] for row in cursor.fetchall()}


def find_log_chunks(event_id: int, behind: int, commitment: bytes) -> Iterable[tuple[int, bytes]]:
    """Reads the batches behind one that have a commitment in them."""
    with connection.cursor() as cursor:
        statement = FIND_LOG_CHUNKS.format(position="position(%s IN entries)")
        cursor.execute(statement, [event_id, behind, commitment])
        return [(first, bytes(entries)) for first, entries in cursor.fetchall()]


def insert_log_chunk(chunk: LogChunk) -> None:
    """Writes a batch's entries, as COPY takes them: as they are, where a statement has two digits for each byte."""
    values = [number.to_bytes(8, signed=True) for number in chunk[:4]] + [chunk.entries, chunk.tile_hashes]
    fields = [part for value in values for part in (len(value).to_bytes(4), value)]
    row = b"".join([_COPY_HEADER, len(values).to_bytes(2), *fields, _COPY_END])
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(COPY_LOG_CHUNK, BytesIO(row))


def insert_deliveries(
    event_id: int, messages: Sequence[MessageRecord], subscribers: Sequence[Subscriber], *, now: datetime
) -> int:
    """Writes a delivery for each message and each of its subscribers."""
    documents = {"document": _encode(messages), "others": _encode(subscribers)}
    return run_quietly(outbox.INSERT_DELIVERIES, **documents, event_id=event_id, moment=now)


def insert_mails(event_id: int, mails: Sequence[MailRecord], *, now: datetime) -> None:
    """Writes mails, due at once."""
    with connection.cursor() as cursor:
        cursor.execute(mail_sql.INSERT_MAILS, {"mails": _encode(mails).decode(), "event_id": event_id, "now": now})


def insert_mails_of_seats(event_id: int, keys: Sequence[str], *, now: datetime) -> None:
    """Writes mails about tickets that got a seat at once, due at once."""
    with connection.cursor() as cursor:
        cursor.execute(mail_sql.INSERT_MAILS_OF_SEATS, {"keys": " ".join(keys), "event_id": event_id, "now": now})


def claim_mails(*, now: datetime, until: datetime, total: int, urgent: bool = False) -> Iterable[tuple[Any, ...]]:
    """Claims due mails."""
    statement = mail_sql.CLAIM_URGENT_MAILS if urgent else mail_sql.CLAIM_MAILS
    with connection.cursor() as cursor:
        cursor.execute(statement, {"now": now, "until": until, "total": total})
        # The cursor of a plain statement gives JSON as its text.
        return [(*row[:6], _decode(row[6]), *row[7:]) for row in cursor.fetchall()]


def _decode(document: Any) -> Any:
    return msgspec.json.decode(document) if isinstance(document, str) else document


def record_mails(results: Sequence[MailResult]) -> None:
    """Writes what came of mails."""
    with connection.cursor() as cursor:
        cursor.execute(outbox.FIND_ROWS_BY_KEY)
        cursor.execute(mail_sql.RECORD_MAILS, [_encode(results).decode()])


def claim_deliveries(
    *, now: datetime, until: datetime, capacities: Mapping[int, tuple[int, int]], per_endpoint: int, total: int
) -> Iterable[tuple[Any, ...]]:
    """Claims what is due."""
    documents = [{"endpoint_id": key, "claimed": claimed, "free": free} for key, (claimed, free) in capacities.items()]
    limits: dict[str, Any] = {"now": now, "until": until, "per_endpoint": per_endpoint, "total": total}
    with transaction.atomic(), connection.cursor() as cursor:
        # A claim that a crash of the server loses is made again: waiting for the disk would gain nothing.
        cursor.execute(sql.COMMIT_WITHOUT_WAITING)
        cursor.execute(outbox.CLAIM_DELIVERIES, {**limits, "capacities": _encode(documents).decode()})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def record_attempts(records: Sequence[AttemptRecord]) -> None:
    """Writes the results of attempts."""
    with connection.cursor() as cursor:
        cursor.execute(outbox.FIND_ROWS_BY_KEY)
        cursor.execute(outbox.RECORD_ATTEMPTS, [_encode(records).decode()])


def allow_audit_purge() -> None:
    """Lets the caller's transaction delete old rows of the audit trail."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ALLOW_AUDIT_PURGE)


def lift_statement_timeout() -> None:
    """Lets this connection's statements take as long as they need."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LIFT_STATEMENT_TIMEOUT)
    connection.reply_seconds = None  # type: ignore[attr-defined]  # of `omnify.postgres`


def vacuum(tables: Iterable[str], *, rewrite: bool) -> bool:
    """Frees the dead rows of `tables` and their indexes. Makes the planner's statistics, which quote values, anew."""
    option = "FULL" if rewrite else "INDEX_CLEANUP ON"
    with connection.cursor() as cursor:
        del connection.connection.notices[:]
        for table in tables:
            cursor.execute(f"VACUUM ({option}, ANALYZE) {connection.ops.quote_name(table)}")
        cursor.execute(f"VACUUM ({option}) pg_catalog.pg_statistic")
    # A missing permission is only a warning to PostgreSQL.
    return not any("permission denied" in notice for notice in connection.connection.notices)


def read_settings(names: Collection[str]) -> dict[str, str | None]:
    """Reads server settings."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join([sql.READ_SETTING] * len(names))}", list(names))
        return dict(zip(names, cursor.fetchone(), strict=True))


def count_standbys() -> int:
    """Counts the servers that receive this one's changes."""
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNT_STANDBYS)
        return int(cursor.fetchone()[0])


def read_history() -> str:
    """Reads which database this is, and its timeline; "" where a managed server does not tell."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql.READ_HISTORY)
            return str(cursor.fetchone()[0])
    except (NotSupportedError, ProgrammingError):
        return ""
