"""A PostgreSQL and its streaming standby on ports of their own, and what happens to them on bad days."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2

from omnify.embedded.postgres import Postgres
from omnify.embedded.process import CannotStart, Child, wait_for
from tests.support.waiting import wait_until

STOP_SECONDS = 20.0
_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class PostgresPair:
    """Begins with a primary that runs already; `add_standby` makes the other, any number of times.

    `primary` is the one that takes writes, `standby` the other; a promotion exchanges them.
    """

    def __init__(self, primary: Postgres, child: Child, *, port: int) -> None:
        directory = primary.files.directory
        files = replace(primary.files, directory=directory.with_name(f"{directory.name}-second"))
        self.primary = primary
        self.standby = replace(primary, files=files, port=port, log=primary.log.with_name("postgres-second.log"))
        self.children: dict[int, Child] = {primary.port: child}

    def hosts(self) -> str:
        """Both, as in a URL, always in one order."""
        servers = sorted((self.primary, self.standby), key=lambda server: server.port)
        return ",".join(f"{server.address}:{server.port}" for server in servers)

    def add_standby(self, *, synchronous: bool) -> None:
        """Copies the primary and follows it. Returns when the standby receives all that is committed."""
        _make_directory(self.standby)
        subprocess.run(
            [
                *(str(self.primary.files.binaries / "pg_basebackup"), "--pgdata", str(self.standby.data)),
                *("--dbname", f"{self.primary.url('postgres')}?application_name=second", "--write-recovery-conf"),
                *("--wal-method=stream", "--checkpoint=fast", "--no-sync"),
            ],
            **{"env": _ENV, "cwd": "/", "check": True, **self.standby.files.run_as()},
        )
        child = self.standby.spawn()
        self.children[self.standby.port] = child
        wait_for(child, lambda: _answers(self.standby), seconds=STOP_SECONDS)
        names = "*" if synchronous else ""
        run(self.primary, f"ALTER SYSTEM SET synchronous_standby_names TO '{names}'", "SELECT pg_reload_conf()")
        state = "sync" if synchronous else "async"
        query = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = %s"
        wait_until(lambda: run(self.primary, query, values=[state])[0][0], f"the standby follows, {state}")

    def stop_replication(self) -> None:
        """Whatever the primary commits from now on, the standby does not get."""
        run(self.standby, "ALTER SYSTEM SET primary_conninfo TO ''", "SELECT pg_reload_conf()")
        query = "SELECT count(*) FROM pg_stat_replication"
        wait_until(lambda: run(self.primary, query)[0][0] == 0, "the standby follows no more")

    def a_commit_waits(self) -> bool:
        """Whether the primary keeps a commit back until its standby has it."""
        return bool(run(self.primary, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")[0][0])

    def kill_primary(self) -> None:
        """SIGKILL; its sessions end as soon as they notice."""
        child = self.children.pop(self.primary.port)
        backends = _children(child.pid)
        child.process.kill()
        child.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in backends), "its backends have ended")

    def promote(self) -> None:
        """Makes the standby the primary, with no standby of its own."""
        run(self.standby, "ALTER SYSTEM SET synchronous_standby_names TO ''", "SELECT pg_reload_conf()")
        assert run(self.standby, "SELECT pg_promote(true, 60)") == [(True,)]
        self.primary, self.standby = self.standby, self.primary

    @contextmanager
    def frozen_primary(self) -> Iterator[None]:
        """A host that hangs: its kernel acknowledges, and no process of the server runs."""
        pids = [self.children[self.primary.port].pid, *_children(self.children[self.primary.port].pid)]
        for pid in pids:
            os.kill(pid, 19)  # SIGSTOP
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, 18)  # SIGCONT

    def stop(self) -> None:
        """Ends both."""
        for child in self.children.values():
            child.stop(STOP_SECONDS)


def run(server: Postgres, *statements: str, values: list[Any] | None = None) -> list[Any]:
    """Runs statements as the superuser, each for itself. Returns the rows of the last."""
    connection = psycopg2.connect(server.url("postgres"), connect_timeout=5)
    connection.autocommit = True
    try:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _answers(server: Postgres) -> bool:
    try:
        run(server, "SELECT 1")
    except psycopg2.OperationalError:
        return False
    return True


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def _make_directory(server: Postgres) -> None:
    """Empty, and the server's user's."""
    directory, account = server.files.directory, server.files.account
    directory.mkdir(mode=0o700, exist_ok=True)
    if server.data.exists():
        subprocess.run(["rm", "-rf", str(server.data)], check=True)
    if account:
        os.chown(directory, account.uid, account.gid)
    if any(directory.glob("data*")):
        raise CannotStart(f"{directory} is not empty")
