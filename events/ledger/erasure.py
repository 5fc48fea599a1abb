"""Finds and removes what is left of a person after the rows are anonymised: dead rows in files, other columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from urllib.parse import quote

from django.core.mail.message import sanitize_address
from django.db import connection

from events.ledger.database import database
from events.models import Registration, ResendRequest, WebhookDelivery

TOUCHED = tuple(model._meta.db_table for model in (Registration, WebhookDelivery, ResendRequest))


def take_time() -> None:
    """Lifts the statement timeout for this process: it is meant for the drain."""
    database().lift_statement_timeout()


def vacuum_tables(*, rewrite: bool = False) -> str:
    """Frees the dead rows of the tables that were touched, indexes included. Returns a sentence on what was not done.

    With `rewrite` the tables are written anew, so that not a byte of a dead row is left in their files; nothing else
    can use them meanwhile. Without, freed bytes stay until something else is written over them.
    """
    if database().vacuum(TOUCHED, rewrite=rewrite):
        return ""
    return "The role of DATABASE_URL may not VACUUM: dead rows stay until autovacuum."


def spellings(*addresses: str) -> list[str]:
    """Lists how an address may stand in a text, in lower case: as it is, and as URLs write it."""
    lower = {address.lower() for address in addresses}
    return sorted(lower | {quote(address).lower() for address in lower} | {quote(a, safe="@").lower() for a in lower})


def mail_spellings(*addresses: str) -> list[str]:
    """Lists how an address may stand in the header of a mail, in lower case: its domain also in ASCII (IDNA)."""
    lower = {address.lower() for address in addresses if address}
    return sorted(lower | {sanitize_address(address, "utf-8").lower() for address in lower})


def columns_with(texts: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Finds every column of every table that holds one of `texts`: (table, column, rows). Reads the whole database."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            counts = _count(table, columns, texts)
            yield from ((table, column, count) for column, count in zip(columns, counts, strict=True) if count)


# What may stand before an address in a text, where it is not the end of a longer one: also as URLs and JSON write it.
_BEFORE = r"(^|[^a-z0-9._-]|%[0-9a-f]{2}|\\u[0-9a-f]{4}|\\[bfnrt])"
_AFTER = r"($|[^a-z0-9.-]|\.($|[^a-z0-9]))"
# What means something else in a pattern of LIKE.
_LIKE = re.compile("[!%_]")


def _count(table: str, columns: Sequence[str], texts: Sequence[str]) -> Sequence[int]:
    name, matches = connection.ops.quote_name, "~" if connection.vendor == "postgresql" else "REGEXP"
    # LIKE first: SQLite's REGEXP fails on bytes that are no text.
    condition = f"CASE WHEN {{0}} LIKE %s ESCAPE '!' THEN {{0}} {matches} %s ELSE FALSE END"
    likes = ["%" + _LIKE.sub(r"!\g<0>", text) + "%" for text in texts]
    patterns = [_BEFORE + re.escape(text) + _AFTER for text in texts]
    values = list(chain.from_iterable(zip(likes, patterns, strict=True)))
    wanted = [
        " OR ".join([condition.format(f"lower(CAST({name(column)} AS text))")] * len(texts)) for column in columns
    ]
    counts = ", ".join(f"COUNT(CASE WHEN {condition} THEN 1 END)" for condition in wanted)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts} FROM {name(table)}", values * len(columns))  # noqa: S608 - names of our own
        row: Sequence[int] = cursor.fetchone()
        return row
