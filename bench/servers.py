"""Valkey and PostgreSQL for a run: those of the embedded default with its settings, fsync and all, on free ports."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omnify.common.redis_client import connect
from omnify.embedded.home import Home, open_home
from omnify.embedded.ports import free_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import find_postgres_files
from omnify.embedded.valkey import Valkey

STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two are, and a home for the programs, which goes when the run ends.

    `databases` has the address for each of the service's roles, by its variable.
    """

    home: Home
    redis_url: str
    broker_url: str
    databases: dict[str, str]


def _keep_log(url: str) -> None:
    """Keeps Valkey from rewriting its log each time it has doubled, which would strike one of two runs and not the
    other: every run of a bench begins with events of its own, so there is more to drop than a service would ever have.
    """
    with connect(url) as client:
        client.config_set("auto-aof-rewrite-percentage", 0)


@contextlib.contextmanager
def start_servers() -> Iterator[Servers]:
    """Starts both on empty data; ends them, also if only one came up."""
    with tempfile.TemporaryDirectory(prefix="omnify-bench-") as folder, contextlib.ExitStack() as ends:
        home = open_home(Path(folder))
        ends.callback(os.close, home.children_lock)
        home.empty_metrics()
        valkey = Valkey(
            directory=home.path / "valkey", log=home.log("valkey"), port=free_port(), password=secrets.token_hex(8)
        )
        ends.callback(valkey.start().stop, STOP_SECONDS)
        _keep_log(valkey.url(0))
        files = find_postgres_files(home.path)
        ends.callback(shutil.rmtree, files.directory, ignore_errors=True)
        postgres = Postgres(files=files, log=home.log("postgres"), port=free_port(), password=secrets.token_hex(8))
        ends.callback(postgres.start().stop, STOP_SECONDS)
        yield Servers(home, valkey.url(0), valkey.url(1), postgres.urls_of_programs())
