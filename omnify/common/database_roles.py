"""The PostgreSQL roles of the service's processes: no superusers, each with a limit on its connections.

omnify_owner     owns the tables; migrations and `manage.py`
omnify_web       door and API
omnify_worker    drains; gets all connections that the others may not use
omnify_deliver   webhooks and mail

The last three are members of `omnify_app`: they read and write rows, and cannot change tables. `make run` and compose
create or update the roles at every start, also in a database that an earlier release created as a superuser.

    DATABASE_URL=<a superuser's, of the service's database> OMNIFY_OWNER_PASSWORD=... OMNIFY_WEB_PASSWORD=... \\
    OMNIFY_WORKER_PASSWORD=... OMNIFY_DELIVER_PASSWORD=... python -m omnify.common.database_roles
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

OWNER, WEB, WORKER, DELIVER = "omnify_owner", "omnify_web", "omnify_worker", "omnify_deliver"
ROLES = (OWNER, WEB, WORKER, DELIVER)
_GROUP = "omnify_app"

# Of every session: a statement ends before the drain's lease does, and a decision is not lost once its commit was
# reported.
STATEMENT_TIMEOUT_SECONDS = 8
SESSION_SETTINGS = {
    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
    "lock_timeout": "6s",
    "idle_in_transaction_session_timeout": "30s",
    "synchronous_commit": "on",
}

# Objects of another owner: an earlier release or a superuser. Sequences of identity columns follow their tables.
_FOREIGN = """
SELECT 'TABLE', c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relowner <> %(owner)s::regrole
UNION ALL
SELECT 'ROUTINE', p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> %(owner)s::regrole
"""


def connection_limits(usable: int) -> dict[str, int]:
    """Divides `usable` connections among the roles.

    From 7 on the limits add up to `usable`, so the drains always get their share.
    """
    owner, deliver, web = max(1, usable // 12), max(2, usable // 8), max(2, usable * 2 // 5)
    return {OWNER: owner, DELIVER: deliver, WEB: web, WORKER: max(2, usable - owner - deliver - web)}


def make_roles(connection: Any, passwords: Mapping[str, str]) -> None:
    """Creates or updates the roles through a superuser's connection to the service's database.

    `passwords` are by role. In one transaction; harmless when repeated.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout TO '30s'")
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        limits = connection_limits(int(cursor.fetchone()[0]))
        _create(cursor, _GROUP, "NOLOGIN")
        for role in ROLES:
            _create(cursor, role, "LOGIN")
            _restrict(cursor, role, limit=limits[role], password=passwords[role])
        _hand_over(cursor)
        _grant(cursor)


def _create(cursor: Any, role: str, login: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("CREATE ROLE {} " + login).format(sql.Identifier(role)))


def _restrict(cursor: Any, role: str, *, limit: int, password: str) -> None:
    statement = (
        "ALTER ROLE {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT {} PASSWORD {}"
    )
    hashed = encrypt_password(password, role, cursor.connection, "scram-sha-256")
    cursor.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(limit), sql.Literal(hashed)))
    # Processes set them when they connect, which a pooler does not pass on.
    for name, value in SESSION_SETTINGS.items():
        cursor.execute(sql.SQL(f"ALTER ROLE {{}} SET {name} TO %s").format(sql.Identifier(role)), [value])


def _hand_over(cursor: Any) -> None:
    """Transfers the database, the schema and everything in it to the owner."""
    owner = sql.Identifier(OWNER)
    cursor.execute("SELECT current_database()")
    database = sql.Identifier(cursor.fetchone()[0])
    cursor.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, owner))
    cursor.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner))
    cursor.execute(_FOREIGN, {"owner": OWNER})
    for kind, name in cursor.fetchall():
        # Both are quoted by PostgreSQL itself.
        cursor.execute(sql.SQL(f"ALTER {kind} {name} OWNER TO {{}}").format(owner))


def _grant(cursor: Any) -> None:
    group, owner = sql.Identifier(_GROUP), sql.Identifier(OWNER)
    members = sql.SQL(", ").join(map(sql.Identifier, (WEB, WORKER, DELIVER)))
    cursor.execute(sql.SQL("GRANT {} TO {}").format(group, members))
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(group))
    rows, sequences = "SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT"
    for what, rights in (("TABLES", rows), ("SEQUENCES", sequences)):
        cursor.execute(sql.SQL(f"GRANT {rights} ON ALL {what} IN SCHEMA public TO {{}}").format(group))
        later = f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA public GRANT {rights} ON {what} TO {{}}"
        cursor.execute(sql.SQL(later).format(owner, group))


def main() -> None:
    """Makes the roles from the environment; ends with a sentence if that cannot be."""
    names = {role: f"{role.upper()}_PASSWORD" for role in ROLES}
    missing = [name for name in ("DATABASE_URL", *names.values()) if not os.environ.get(name)]
    if missing:
        sys.exit(f"omnify: not set: {', '.join(missing)}")
    try:
        connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=10)
        make_roles(connection, {role: os.environ[name] for role, name in names.items()})
    except psycopg2.Error as problem:
        sys.exit(f"omnify: the roles cannot be made: {type(problem).__name__} {problem.pgcode or ''}".rstrip())


if __name__ == "__main__":
    main()
