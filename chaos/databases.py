"""The PostgreSQLs of a layout: a primary, and a synchronous standby where the layout has one.

A commit waits for the standby, so what was reported is on both. Nothing promotes by itself: the nemesis does what a
manager of clusters would, which ends the old primary, promotes the standby, and copies the old one anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from chaos.addresses import POSTGRES_PORT
from chaos.clocks import Clocks
from chaos.layout import Layout, Node
from chaos.network import NETWORK, Network
from omnify.embedded.postgres import SUPERUSER, Postgres
from omnify.embedded.postgres_files import PostgresFiles, find_postgres_files
from omnify.embedded.process import CannotStart, Child, start_child, wait_for

STANDBY_SECONDS = 60.0
# The program that copies a primary, and the name of its process.
COPYING = "pg_basebackup"
_SMALL = {"max_wal_size": "128MB", "min_wal_size": "32MB", "shared_buffers": "64MB", "wal_sender_timeout": "5s"}
_HBA = f"""host all all {NETWORK}.0/24 scram-sha-256
host replication all {NETWORK}.0/24 scram-sha-256
"""
# The program that copies a primary streams too, and follows nothing afterwards.
_STREAMING = """
SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name <> 'pg_basebackup'
"""
# Kept in a file that the copy has too, so that it holds on whichever is the primary.
_SYNCHRONOUS = "ALTER SYSTEM SET synchronous_standby_names TO '*'"


@dataclass(frozen=True, slots=True)
class _Database:
    """A node's PostgreSQL."""

    server: Postgres
    files: PostgresFiles

    @property
    def follows(self) -> bool:
        """Whether it starts as a standby."""
        return (self.server.data / "standby.signal").exists()

    def spawn(self) -> Child:
        self.server.remove_stale_pid_file()
        return self.server.spawn()

    def promote(self) -> None:
        self._run("pg_ctl", "promote", "-D", str(self.server.data))

    def spawn_copy(self, primary: Postgres) -> Child:
        """Starts a program that makes it a standby of `primary`, on a fresh copy of its data, and ends."""
        shutil.rmtree(self.server.data, ignore_errors=True)
        source = f"host={primary.address} port={primary.port} user={SUPERUSER} password={primary.password}"
        program: list[str | Path] = [self.files.binaries / COPYING, "-D", self.server.data]
        command = [*program, "-d", source, "-R", "-X", "stream", "-c", "fast"]
        env = {"PATH": "/usr/bin:/bin"}
        return start_child(COPYING, command, log=self.server.log, env=env, account=self.files.account)

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self.files.binaries / name), *arguments]
        options = {"check": True, "capture_output": True, "cwd": "/", "timeout": 60, **self.files.run_as()}
        try:
            subprocess.run(command, **options)
        except subprocess.SubprocessError as problem:
            raise CannotStart(f"{name} failed: {problem}") from problem


class Databases:
    """All of them, by the names of their nodes. `primary` names the one that can be written to."""

    def __init__(self, layout: Layout, network: Network, home: Path, *, password: str, clocks: Clocks) -> None:
        nodes = layout.of("postgres")
        self._databases = {node.name: _make(node, network, home, password, clocks) for node in nodes}
        self.primary = nodes[0].name

    def start(self, node: Node) -> Child:
        """Starts it for the first time; the primary comes first. Returns when it answers, or follows."""
        if not node.primary:
            return self._databases[node.name].server.start()
        self.execute(_SYNCHRONOUS)
        copying = self.spawn(node)
        wait_for(copying, lambda: copying.process.poll() == 0, seconds=STANDBY_SECONDS)
        child = self.spawn(node)
        wait_for(child, self.whole, seconds=STANDBY_SECONDS)
        self.execute("SELECT pg_reload_conf()")
        return child

    def spawn(self, node: Node) -> Child:
        """Starts it again, without waiting for it.

        Where another one has taken its place, starts a copy of that one's data first: once the copy has ended, the next
        call starts the standby.
        """
        database = self._databases[node.name]
        if node.name != self.primary and not database.follows:
            return database.spawn_copy(self.server)
        return database.spawn()

    def promote_standby(self) -> None:
        """Makes the standby the primary; the old one must have ended. Raises CannotStart."""
        standby = next(name for name in self._databases if name != self.primary)
        self._databases[standby].promote()
        self.primary = standby

    @property
    def server(self) -> Postgres:
        """The PostgreSQL that can be written to."""
        return self._databases[self.primary].server

    def whole(self) -> bool:
        """Tells whether the primary answers and every other one follows it."""
        try:
            return self.execute(_STREAMING) == [(len(self._databases) - 1,)]
        except psycopg2.Error:
            return False

    def urls(self) -> dict[str, str]:
        """Returns the variables with each role's DATABASE_URL, which name all hosts."""
        first = self._databases[self.primary].server
        hosts = ",".join(f"{one.server.address}:{POSTGRES_PORT}" for one in self._databases.values())
        own = f"{first.address}:{POSTGRES_PORT}"
        return {name: url.replace(own, hosts) for name, url in first.urls_of_programs().items()}

    def execute(self, statement: str) -> Sequence[tuple[object, ...]]:
        """Runs a statement on the primary, as the superuser. Raises psycopg2.Error."""
        connection = psycopg2.connect(self.server.url(), connect_timeout=3)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


def _make(node: Node, network: Network, home: Path, password: str, clocks: Clocks) -> _Database:
    files = find_postgres_files(home / "disks" / node.name)
    rules = files.directory / "pg_hba.conf"
    rules.write_text(_HBA, "utf-8")
    if files.account:
        os.chown(rules, files.account.uid, files.account.gid)
    server = Postgres(
        files=files,
        log=home / node.host / "log" / f"{node.name}.log",
        port=POSTGRES_PORT,
        password=password,
        address=network.addresses[node.host],
        options={**_SMALL, "hba_file": str(rules), "cluster_name": node.name},
        variables=clocks.environment(node.name),
    )
    return _Database(server, files)
