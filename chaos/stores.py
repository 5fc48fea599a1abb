"""The stores of a run: the embedded default's servers with its settings, each on a host and a small disk of its own.

The disks are in memory, so that they can be filled and cost nothing; what a crash takes is a process, not a disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.layout import Node
from chaos.network import NETWORK, Network, mount, unmount
from omnify.embedded.postgres import SUPERUSER, Postgres
from omnify.embedded.postgres_files import PostgresFiles, find_postgres_files
from omnify.embedded.process import Child
from omnify.embedded.valkey import Valkey

VALKEY_PORT, POSTGRES_PORT = 6379, 5432
VALKEY_DISK, POSTGRES_DISK = "64m", "512m"
# Replicas are given up after seconds and not minutes, and take what they missed from memory.
_REPLICATION = {"repl-timeout": "10", "repl-ping-replica-period": "1", "repl-diskless-sync-delay": "0"}
_SMALL = {"max_wal_size": "128MB", "min_wal_size": "32MB", "shared_buffers": "64MB", "wal_sender_timeout": "5s"}
_HBA = f"""host all all {NETWORK}.0/24 scram-sha-256
host replication all {NETWORK}.0/24 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Disk:
    """A store's disk, which can be filled."""

    path: Path

    def fill(self) -> None:
        """Writes until nothing more fits."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            while True:
                try:
                    ballast.write(bytes(1 << 16))
                except OSError:
                    break

    def empty(self) -> None:
        """Removes what `fill` wrote."""
        (self.path / "ballast").unlink(missing_ok=True)

    def remove(self) -> None:
        unmount(self.path)


def make_disk(path: Path, size: str) -> Disk:
    """Mounts a small file system that only this run sees."""
    path.mkdir(mode=0o711, parents=True)
    mount("tmpfs", path, "tmpfs", options=f"size={size},mode=711")
    return Disk(path)


def make_valkey(node: Node, *, network: Network, home: Path, password: str, options: Mapping[str, str]) -> Valkey:
    """Describes a node's Valkey. A new one follows its primary; a promoted one remembers in its own file that it does
    not, which is why the file is written once."""
    follow = {"replicaof": f"{network.addresses[node.primary]} {VALKEY_PORT}"} if node.primary else {}
    return Valkey(
        directory=home / "disks" / node.name / "valkey",
        log=home / node.host / "log" / f"{node.name}.log",
        port=VALKEY_PORT,
        password=password,
        address=network.addresses[node.host],
        options={"masterauth": password, **_REPLICATION, **follow, **options},
    )


@dataclass(frozen=True, slots=True)
class Database:
    """A node's PostgreSQL, which may follow another one."""

    server: Postgres
    files: PostgresFiles

    def start(self) -> Child:
        """Starts it; a primary answers when this returns."""
        self.server.remove_stale_pid_file()
        return self.server.spawn() if (self.server.data / "standby.signal").exists() else self.server.start()

    def promote(self) -> None:
        """Makes a standby the primary."""
        self._tool("pg_ctl", "promote", "-D", str(self.server.data))

    def copy_from(self, primary: Postgres) -> None:
        """Becomes a standby of `primary`, on a fresh copy of its data."""
        shutil.rmtree(self.server.data, ignore_errors=True)
        source = f"host={primary.address} port={primary.port} user={SUPERUSER} password={primary.password}"
        source += f" application_name={self.server.data.parent.parent.name}"
        self._tool("pg_basebackup", "-D", str(self.server.data), "-d", source, "-R", "-X", "stream", "-c", "fast")

    def _tool(self, name: str, *arguments: str) -> None:
        command = [str(self.files.binaries / name), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/", timeout=60, **self.files.run_as())


def make_database(node: Node, *, network: Network, home: Path, password: str, options: Mapping[str, str]) -> Database:
    """Describes a node's PostgreSQL."""
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
        options={**_SMALL, "hba_file": str(rules), "cluster_name": node.name, **options},
    )
    return Database(server, files)
