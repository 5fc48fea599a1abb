"""`manage.py drill`: the restore of a backup, rehearsed: the ledger is backed up while people register, restored
elsewhere, and what is there is proved.

    export   one moment of the live database is held, and what every table has at it is counted and digested
    dump     pg_dump writes that moment
    restore  pg_restore reads it into another server: one of the drill's own, or `--into`
    prove    every table has what it had; `prove_ledger` says that the ledger agrees with itself
    compare  what was decided behind that moment is named, with what the queue would make of it

Of the live stores it only reads.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from psycopg2.extensions import make_dsn

from events.management.ledger_drill import aftermath
from events.management.ledger_drill.backup import CannotDrill, dump, restore
from events.management.ledger_drill.contents import Content, contents, reading, rows
from events.management.ledger_drill.crowd import crowd_while
from events.management.ledger_drill.report import Finding, print_findings
from omnify.common.clients import redis_client
from omnify.embedded.ports import free_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import find_postgres_files
from omnify.embedded.process import CannotStart

_ROOT = Path(__file__).resolve().parent.parent.parent.parent


class Command(BaseCommand):
    """Exit code 1 if anything does not hold, 2 if the drill could not be held."""

    requires_system_checks = []
    help = "Backs the ledger up while people register, restores it elsewhere, and proves what is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Adds `--people`, `--into` and `--keep`."""
        parser.add_argument("--people", type=int, default=0, help="rehearse so many registrations meanwhile (none)")
        parser.add_argument("--into", help="an empty PostgreSQL database to restore into (a server of the drill's own)")
        parser.add_argument("--keep", type=Path, help="keep the backup in this file: there are names in it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line for each thing that held."""
        try:
            with tempfile.TemporaryDirectory(prefix="omnify-drill-") as folder:
                held = self._drill(Path(folder), options)
        except (CannotDrill, CannotStart) as problem:
            raise CommandError(str(problem), returncode=2) from problem
        except psycopg2.Error as problem:
            raise CommandError(f"PostgreSQL: {str(problem).strip()}", returncode=2) from problem
        if not held:
            raise CommandError("The backup does not restore to what was there.", returncode=1)

    def _drill(self, folder: Path, options: Mapping[str, Any]) -> bool:
        live = _live_url()
        file: Path = options["keep"] or folder / "ledger.dump"
        with _target(folder, options["into"]) as target:
            with crowd_while(options["people"], live) as crowd:
                server, before = self._back_up(live, file)
                crowd.wait()
            self.stdout.write(f"backed up: {sum(c.rows for c in before.values())} rows, {file.stat().st_size} bytes")
            restore(target, file, server=server)
            return print_findings(self._findings(live, target, before), self.stdout.write)

    def _back_up(self, live: str, file: Path) -> tuple[int, dict[str, Content]]:
        """Dumps the moment that is held, and returns the server's major version and what every table had."""
        file.touch(mode=0o600)
        with reading(live) as moment:
            server = moment.server_version // 10_000
            [(snapshot,)] = rows(moment, "SELECT pg_export_snapshot()")
            dump(live, file, snapshot=snapshot, server=server)
            return server, contents(moment)

    def _findings(self, live: str, target: str, before: dict[str, Content]) -> Iterator[Finding]:
        with reading(target) as restored:
            there = contents(restored)
            wrong = sorted(name for name in before.keys() | there.keys() if before.get(name) != there.get(name))
            seen = ", ".join(wrong) or f"{len(there)} tables, {sum(content.rows for content in there.values())} rows"
            yield Finding("every table has what it had, row by row", not wrong, seen)
            yield from _proved(target)
            with reading(live) as now:
                later = aftermath.later_decisions(now, restored)
            for line in aftermath.describe(later, redis_client(), restored):
                self.stdout.write(f"- {line}")


def _live_url() -> str:
    """Returns the address of the server that this process is connected to, whichever of several hosts that is."""
    if connection.vendor != "postgresql":
        raise CannotDrill("the ledger is a file of SQLite: copy it with `sqlite3 FILE .backup`")
    connection.ensure_connection()
    found = {**connection.connection.get_dsn_parameters(), "password": connection.settings_dict.get("PASSWORD") or None}
    # The service's limits on statements are not for a backup.
    return str(make_dsn(**{name: value for name, value in found.items() if value and name != "options"}))


@contextmanager
def _target(folder: Path, into: str | None) -> Iterator[str]:
    """Gives the address of an empty database: the one that was named, or one on a server of the drill's own."""
    if into:
        with reading(into) as target:
            if rows(target, "SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1"):
                raise CannotDrill("--into: this database is not empty, and what is in it is left alone")
        yield into
        return
    home = folder / "server"
    home.mkdir()
    for entered in (folder, home):
        entered.chmod(0o711)  # PostgreSQL's user passes through
    try:
        files = find_postgres_files(home)
    except CannotStart as problem:
        raise CannotDrill(
            "there is no PostgreSQL to restore into here: name an empty database with --into"
        ) from problem
    server = Postgres(files=files, log=home / "log", port=free_port(), password=secrets.token_hex(16), fsync=False)
    child = server.start()
    try:
        yield server.url()
    finally:
        child.stop(60)


def _proved(target: str) -> Iterator[Finding]:
    """Runs `prove_ledger` on the restored database, in a process that knows no other one."""
    with tempfile.TemporaryDirectory(prefix="omnify-drill-") as home:
        done = subprocess.run(
            [sys.executable, str(_ROOT / "manage.py"), "prove_ledger"],
            env={**_environment(), "DATABASE_URL": target, "OMNIFY_HOME": home},
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    lines = done.stdout.splitlines()
    for line in lines:
        yield Finding(line[2:], line.startswith("✓"))
    if not lines:
        yield Finding("the restored ledger can be read", False, (done.stderr.strip().splitlines() or ["?"])[-1])


def _environment() -> dict[str, str]:
    env = settings.ENV
    return {
        **{name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ},
        "SECRET_KEY": env.secret_key,
        "LOG_SIGNING_KEY": env.log_signing_key.hex(),
        "LOG_SIGNING_KEY_FALLBACKS": ",".join(key.hex() for key in env.log_signing_key_fallbacks),
        "PUBLIC_URL": env.public_url,
    }
