"""What empties the test database after a test: a DELETE for each table, which costs little where there is little.

A table that a trigger keeps from losing rows is truncated, and that is what makes TRUNCATE dear: a new file for each
table and index. Sequences go on, as they do after Django's own TRUNCATE.
"""

from __future__ import annotations

from django.db import connection

# As the migrations left them.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


def statements() -> list[str]:
    """To be executed in one transaction: constraints are looked at when all is gone."""
    names = {name for name in connection.introspection.table_names() if name not in KEPT_TABLES}
    guarded = names & _with_triggers()
    deletes = [f"DELETE FROM {connection.ops.quote_name(name)}" for name in sorted(names - guarded)]  # noqa: S608
    return [*deletes, *map(_truncate_if_used, sorted(guarded))]


def _with_triggers() -> set[str]:
    if connection.vendor != "postgresql":
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal")
        return {name for (name,) in cursor.fetchall()}


def _truncate_if_used(name: str) -> str:
    return (
        f"DO $$ BEGIN IF EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)}) "  # noqa: S608
        f"THEN TRUNCATE {connection.ops.quote_name(name)}; END IF; END $$"
    )
