"""Runs statements with personal data that the database may refuse. PostgreSQL only.

PostgreSQL logs a refused statement together with the values that made it fail, and refusals are ordinary here: a known
ticket, a second seat under one address, a text that cannot be stored. So these statements run inside a function that
catches the error (migration 0009), which undoes them and leaves nothing to log.
It costs 2 % of a batch's time, where `ON CONFLICT DO NOTHING` costs 11 % (docs/store-logs.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import DataError, IntegrityError, connection

from events.ledger import sql
from events.ledger.records import RowsExist

_UNIQUE_VIOLATION = "23505"
_NUL = "\\u0000"


def run_quietly(statement: str, *, document: bytes, others: bytes = b"null", event_id: int, moment: datetime) -> int:
    """Runs one statement, inside the caller's transaction, and returns how many rows it wrote.

    Args:
        statement: refers to `document` as $1, `others` as $2 (both JSON), `event_id` as $3 and `moment` as $4.

    Raises:
        RowsExist: a unique index has one of the rows already.
        django.db.DataError, IntegrityError: anything else that is wrong with the data; the message is an SQLSTATE.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.RUN_QUIETLY, [statement, document.decode(), others.decode(), event_id, moment])
        outcome, _, value = str(cursor.fetchone()[0]).partition(" ")
    if outcome == "rows":
        return int(value)
    if value == _UNIQUE_VIOLATION:
        raise RowsExist(value)
    raise (DataError if value.startswith("22") else IntegrityError)(value)


def refuse_nul(document: str, texts: Sequence[str]) -> None:
    """Raises ValueError for a NUL in `texts`, from which `document` was encoded. For queries, which run directly.

    A NUL is the one thing in JSON that PostgreSQL refuses to read. Searching the document first costs next to nothing.
    """
    if _NUL in document and any("\0" in text for text in texts):
        raise ValueError("a NUL character")
