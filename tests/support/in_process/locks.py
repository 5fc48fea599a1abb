"""Waiting for a transaction that waits for another one's lock."""

from __future__ import annotations

from django.db import connection


def wait_until_a_transaction_is_blocked() -> None:
    """Returns once a connection to the test database waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with connection.cursor() as cursor:
        for _ in range(20_000):
            # The statistics are a snapshot of the transaction's first look, unless it is thrown away.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(query)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("no transaction waited")
