"""Valkey and PostgreSQL for a run: those of the embedded default with its settings, fsync and all, on free ports."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omnify.embedded.place import find_place
from omnify.embedded.ports import free_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.valkey import Valkey

STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two are, and a folder that goes when the run ends."""

    home: Path
    redis_url: str
    broker_url: str
    database_url: str


@contextlib.contextmanager
def start_servers() -> Iterator[Servers]:
    """Starts both on empty data; ends them, also if only one came up."""
    with tempfile.TemporaryDirectory(prefix="omnify-bench-") as folder, contextlib.ExitStack() as ends:
        home = Path(folder)
        home.chmod(0o711)  # PostgreSQL's user passes through
        (home / "log").mkdir()
        valkey = Valkey(
            directory=home / "valkey", log=home / "log/valkey.log", port=free_port(), password=secrets.token_hex(8)
        )
        ends.callback(valkey.start().stop, STOP_SECONDS)
        place = find_place(home)
        ends.callback(shutil.rmtree, place.directory, ignore_errors=True)
        postgres = Postgres(place=place, log=home / "log/postgres.log", port=free_port(), password=secrets.token_hex(8))
        ends.callback(postgres.start().stop, STOP_SECONDS)
        yield Servers(home, valkey.url(0), valkey.url(1), postgres.url())
