"""What the tables of a database hold: how many rows, and a digest that does not depend on their order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg2
from psycopg2 import sql

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
# 60 bits of each row's MD5, added up: a row that is missing, changed or there twice changes the sum.
_CONTENT = "SELECT count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint), 0) FROM {} t"


class Content(NamedTuple):
    """What a table holds."""

    rows: int
    digest: int


@contextmanager
def reading(url: str) -> Iterator[Any]:
    """Opens a connection that sees one moment of the database and can write nothing."""
    connection = psycopg2.connect(url, connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"):
                cursor.execute(sql.SQL("SET {} = 0").format(sql.Identifier(name)))
            cursor.execute("SET timezone = 'UTC'")
        connection.commit()
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield connection
    finally:
        connection.close()


def contents(connection: Any) -> dict[str, Content]:
    """Reads every table of the database. Reads all of it once."""
    found = {}
    for (table,) in rows(connection, _TABLES):
        [(count, digest)] = rows(connection, sql.SQL(_CONTENT).format(sql.Identifier(table)))
        found[table] = Content(count, int(digest))
    return found


def rows(connection: Any, query: Any, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """Runs a query and returns its rows."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
