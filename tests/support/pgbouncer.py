"""PgBouncer in transaction mode, in front of a PostgreSQL of the tests. Not every machine has it: it is no wheel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from omnify.embedded.postgres import Postgres
from omnify.embedded.process import Child, start_child, wait_for

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
# Fewer than the processes open at the same time: a connection is another client's a moment later.
SERVER_CONNECTIONS = 2
STOP_SECONDS = 20.0

_SETTINGS = """
[databases]
* = host={host} port={server_port}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 500
"""


def is_installed() -> bool:
    """Whether this machine has the program."""
    return Path(PROGRAM).is_file()


def start_pgbouncer(postgres: Postgres, urls: Mapping[str, str], *, home: Path, port: int) -> Child:
    """Starts it for the users in `urls`. Returns when it takes connections."""
    folder = home / "pgbouncer"
    folder.mkdir(mode=0o700, exist_ok=True)
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    logins = {(parts.username, parts.password) for parts in map(urlsplit, urls.values())}
    users.write_text("".join(f'"{user}" "{password}"\n' for user, password in sorted(logins)), "utf-8")
    text = _SETTINGS.format(
        host=postgres.address, server_port=postgres.port, port=port, users=users, connections=SERVER_CONNECTIONS
    )
    settings.write_text(text, "utf-8")
    account = postgres.files.account
    for path in (folder, users, settings):
        if account:
            os.chown(path, account.uid, account.gid)
    child = start_child("pgbouncer", [PROGRAM, settings], log=home / "pgbouncer.log", env={}, account=account)
    url = through(next(iter(urls.values())), postgres, port)
    wait_for(child, lambda: _answers(url), seconds=STOP_SECONDS)
    return child


def through(url: str, postgres: Postgres, port: int) -> str:
    """The same URL, by way of PgBouncer."""
    return url.replace(f"{postgres.address}:{postgres.port}/", f"{postgres.address}:{port}/")


def _answers(url: str) -> bool:
    with suppress(psycopg2.OperationalError):
        psycopg2.connect(url, connect_timeout=5).close()
        return True
    return False
