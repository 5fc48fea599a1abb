"""The servers the tests run against: a Valkey and a PostgreSQL of this run's own, on ports of their own.

The addresses must stand in the environment before Django's settings are read; the servers themselves start when the
first test asks for them, so that unit tests pay nothing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from omnify.embedded.ports import port_of, reserve_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import PostgresFiles, find_postgres_files
from omnify.embedded.process import Child
from omnify.embedded.valkey import Valkey
from tests.support import prepared
from tests.support.run_times import count_start

STOP_SECONDS = 20.0


class Services:
    """Addresses from the start, servers on demand.

    `database` is "postgres" (a server of our own), "sqlite" (a file), or "environment" (whatever DATABASE_URL says).
    """

    def __init__(self, database: str) -> None:
        if database not in ("postgres", "sqlite", "environment"):
            raise ValueError(f"OMNIFY_TEST_DATABASE: {database!r} is not postgres, sqlite or environment")
        self.database = database
        self.home = Path(tempfile.mkdtemp(prefix="omnify-test-"))
        self.home.chmod(0o711)  # PostgreSQL's user passes through
        # Held open for the whole run, so that no other process is given these ports before the servers start.
        self._ports = [reserve_port(), reserve_port()]
        self.valkey = Valkey(
            directory=self.home / "valkey",
            log=self.home / "valkey.log",
            port=port_of(self._ports[0]),
            password=secrets.token_hex(8),
        )
        self._files: PostgresFiles | None = None
        self._children: list[Child] = []

    def environment(self) -> dict[str, str]:
        """What Django's settings read."""
        return {
            "OMNIFY_HOME": str(self.home),
            "SECRET_KEY": "only-for-tests-" + secrets.token_hex(16),
            "DJANGO_TESTING": "true",
            "DATABASE_URL": self._database_url(),
            "REDIS_URL": self.valkey.url(0),
            "CELERY_BROKER_URL": self.valkey.url(1),
        }

    def start(self) -> None:
        """Starts what is not running yet."""
        if self._children:
            return
        count_start("pairs of stores")
        self._children.append(self.valkey.start())
        if self.database == "postgres":
            self._files = find_postgres_files(self.home)
            if "PYTEST_XDIST_WORKER" in os.environ:  # a run with one such server makes its tables more cheaply there
                prepared.copy_data(self._files)
            self._children.append(self._postgres(self._files).start())

    def stop(self) -> None:
        """Stops the servers and removes their data. Harmless when repeated."""
        while self._children:
            self._children.pop().stop(STOP_SECONDS)
        if self._files:
            shutil.rmtree(self._files.directory, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)
        for holder in self._ports:
            with contextlib.suppress(OSError):
                holder.close()

    def _database_url(self) -> str:
        if self.database == "sqlite":
            return f"sqlite:///{self.home / 'omnify.sqlite3'}"
        if self.database == "environment":
            return os.environ["DATABASE_URL"]
        return f"postgres://omnify:{prepared.password()}@127.0.0.1:{port_of(self._ports[1])}/omnify"

    @property
    def postgres(self) -> Postgres:
        """The server that `start` started."""
        if self._files is None:
            raise LookupError("no PostgreSQL has been started")
        return self._postgres(self._files)

    def _postgres(self, files: PostgresFiles) -> Postgres:
        return Postgres(
            files=files,
            log=self.home / "postgres.log",
            port=port_of(self._ports[1]),
            password=prepared.password(),
            fsync=False,
        )
