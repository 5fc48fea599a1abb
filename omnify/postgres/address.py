"""`DATABASE_URL` of a PostgreSQL, as libpq reads it: several hosts, and every option that libpq has.

    postgresql://user:password@first:5432,second:5432/omnify?target_session_attrs=read-write

With several hosts each new connection looks for the one that takes writes, so a promoted standby is found without a
restart. A host that is gone is noticed within seconds: the kernel's own limits are minutes.
"""

from __future__ import annotations

from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn

from omnify.common.database_roles import SESSION_SETTINGS

SCHEMES = ("postgres://", "postgresql://")
# Of libpq, in seconds; `tcp_user_timeout` in milliseconds. A host that went without a word has up to eleven seconds.
_NOTICE_A_DEAD_HOST = {
    "connect_timeout": 5,  # for each host
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_PARTS = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


class BadAddress(ValueError):
    """The URL is none that libpq can read. Without libpq's own message, which may quote the password."""


def postgres_config(url: str, *, pooled: bool) -> dict[str, Any]:
    """Returns Django's settings for the database at `url`.

    Args:
        pooled: a pooler stands between that gives each transaction any connection. It takes no start-up options, so the
            roles must have `SESSION_SETTINGS` (`omnify.common.database_roles` sets them), and no cursor outlives its
            transaction.

    Raises:
        BadAddress: libpq cannot read the URL.
    """
    found = _parse(url)
    parts = {part: str(found.pop(name, "")) for name, part in _PARTS.items()}
    several = {"target_session_attrs": "read-write"} if "," in parts["HOST"] else {}
    session = {} if pooled else {"options": " ".join(f"-c {name}={value}" for name, value in SESSION_SETTINGS.items())}
    return {
        "ENGINE": "omnify.postgres",
        **parts,
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": pooled,
        "OPTIONS": {**_NOTICE_A_DEAD_HOST, **several, **session, **found},
    }


def _parse(url: str) -> dict[str, Any]:
    try:
        return dict(parse_dsn(url))
    except psycopg2.Error:
        raise BadAddress(
            "libpq cannot read it; the form is postgresql://user:password@host:port,host:port/database?option=value, "
            "with %XX for special characters"
        ) from None
