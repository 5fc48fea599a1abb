"""What PostgreSQL and SQLite do differently, operation by operation; the one place that asks which of them it is.

PostgreSQL takes and gives a batch as one JSON document (`events.ledger.on_postgres`), about three times as fast as the
ORM's `bulk_create`. SQLite, for tests and tiny installations, goes through the ORM (`events.ledger.on_sqlite`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import connection

from events.ledger import on_postgres, on_sqlite
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
from events.models import AccessCode, Event


class Database(Protocol):
    """The operations, called inside the caller's transaction. Both modules have them all."""

    def lock_event(self, event_id: int) -> Event | None:
        """Reads an event's row, and locks it until the transaction ends."""

    def save_counters(self, event: Event) -> None:
        """Writes `sql.COUNTER_COLUMNS` of an event."""

    def insert_registrations(
        self, event_id: int, records: Sequence[RegistrationRecord], *, decided_at: datetime
    ) -> None:
        """Writes rows of newly decided tickets.

        Raises:
            RowsExist: a ticket or a seat is in the ledger already.
            django.db.DataError, IntegrityError, ValueError: some entry cannot be stored.
            Nothing was written, whatever the reason.
        """

    def move_registrations(self, event_id: int, records: Sequence[MoveRecord], *, decided_at: datetime) -> None:
        """Moves existing rows to a later status."""

    def move_code_uses(self, event_id: int, records: Sequence[CodeUseRecord], *, changed_at: datetime) -> None:
        """Counts the seats that access codes have let in. Raises django.db.IntegrityError: more than a code is for."""

    def insert_codes(self, codes: Sequence[AccessCode]) -> None:
        """Writes new access codes of one event, in this order, and gives each its id."""

    def find_tickets(self, event_id: int, keys: Sequence[str]) -> Iterable[tuple[Any, ...]]:
        """Reads decided tickets by their keys: `TICKET_COLUMNS` of each."""

    def find_taken_emails(self, event_id: int, email_keys: Sequence[str]) -> set[str]:
        """Finds those that hold a seat or a position on the waitlist. Raises ValueError for a NUL in one."""

    def find_entered_emails(self, event_id: int, email_keys: Sequence[str]) -> set[str]:
        """Finds those that are in a draw. Raises ValueError for a NUL in one."""

    def find_log_chunks(self, event_id: int, behind: int, commitment: bytes) -> Iterable[tuple[int, bytes]]:
        """Reads the batches of a decision log behind the one at this index that have a ticket's commitment in them:
        first index and entries of each. Reads the whole rest of the log."""

    def insert_log_chunk(self, chunk: LogChunk) -> None:
        """Writes a batch of a decision log."""

    def insert_deliveries(
        self,
        event_id: int,
        messages: Sequence[MessageRecord],
        subscribers: Sequence[Subscriber],
        *,
        now: datetime,
    ) -> int:
        """Writes a delivery for each message and each of its subscribers. Returns how many."""

    def insert_mails(self, event_id: int, mails: Sequence[MailRecord], *, now: datetime) -> None:
        """Writes mails, due at once."""

    def insert_mails_of_seats(self, event_id: int, keys: Sequence[str], *, now: datetime) -> None:
        """Writes mails about tickets that got a seat at once, due at once."""

    def claim_mails(
        self, *, now: datetime, until: datetime, total: int, urgent: bool = False
    ) -> Iterable[tuple[Any, ...]]:
        """Claims due mails until `until`, with `urgent` of these kinds only: `CLAIMED_COLUMNS` of each."""

    def record_mails(self, results: Sequence[MailResult]) -> None:
        """Writes what came of mails."""

    def claim_deliveries(
        self,
        *,
        now: datetime,
        until: datetime,
        capacities: Mapping[int, tuple[int, int]],
        per_endpoint: int,
        total: int,
    ) -> Iterable[tuple[Any, ...]]:
        """Claims what is due until `until`: `CLAIMED_COLUMNS` of each. `capacities` is (claimed, free) by endpoint."""

    def record_attempts(self, records: Sequence[AttemptRecord]) -> None:
        """Writes the results of attempts."""

    def allow_audit_purge(self) -> None:
        """Lets the caller's transaction delete old rows of the audit trail."""

    def lift_statement_timeout(self) -> None:
        """Lets this connection's statements take as long as they need."""

    def vacuum(self, tables: Iterable[str], *, rewrite: bool) -> bool:
        """Frees dead rows. Returns False if this role may not. Outside any transaction."""

    def read_settings(self, names: Collection[str]) -> dict[str, str | None]:
        """Reads server settings; None for one that the server does not know, and nothing where there is no server."""

    def count_standbys(self) -> int:
        """Counts the servers that receive this one's changes; 0 where there is no server."""

    def read_history(self) -> str:
        """Reads which database this is, and which of its timelines: another one means that something was promoted or
        restored. "" where that cannot be told."""


def database() -> Database:
    """Returns the operations for the database that this process uses."""
    return on_postgres if connection.vendor == "postgresql" else on_sqlite
