"""PostgreSQL's data as the set-up of a service leaves it: made once in a run, and copied for each server after that.

To make it (initdb, every migration, the first organizer) takes four seconds of processor time, to copy it a tenth of
one. What `make run` does at its first start has tests of its own, with nothing prepared (`test_supervisor.py`).
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from omnify.embedded.home import TOKEN_FILE, Home
from omnify.embedded.ports import free_port
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import DIRECTORY_NAME, PostgresFiles, find_postgres_files
from omnify.embedded.process import CannotStart
from omnify.embedded.programs import Programs
from tests.support.bare_environment import bare_environment

_VARIABLE = "OMNIFY_TEST_PREPARED"
_STOP_SECONDS = 60.0
_SETUP_SECONDS = 120.0


def folder() -> Path:
    """The run's folder for it. Workers of pytest-xdist inherit its name; the process that made it removes it."""
    if _VARIABLE not in os.environ:
        made = tempfile.mkdtemp(prefix="omnify-prepared-")
        Path(made).chmod(0o711)  # PostgreSQL's user passes through
        os.environ[_VARIABLE] = made
        atexit.register(_remove, Path(made))
    return Path(os.environ[_VARIABLE])


def password() -> str:
    """The superuser's password, which is in the data: the same for all servers of a run."""
    return hashlib.sha256(folder().name.encode()).hexdigest()[:16]


def copy_data(files: PostgresFiles) -> None:
    """Puts a copy where a server looks for its data."""
    _copy(_prepared_home() / DIRECTORY_NAME / "data", files.directory / "data")


def copy_token(home: Path) -> None:
    """Puts the token of the first organizer, who is in the data, into the home of a service."""
    _copy(_prepared_home() / TOKEN_FILE, home / TOKEN_FILE)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)  # with owner and mode


def _prepared_home() -> Path:
    home = folder() / "home"
    with _lock():
        if not (home / "ready").exists():
            _make(home)
            (home / "ready").touch()
    return home


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """Workers that come meanwhile wait."""
    with (folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove(made: Path) -> None:
    shutil.rmtree((made / "home" / DIRECTORY_NAME).resolve(), ignore_errors=True)  # it may be outside
    shutil.rmtree(made, ignore_errors=True)


def _make(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    (home / "log").mkdir(mode=0o711, parents=True)
    files = find_postgres_files(home)
    postgres = Postgres(
        files=files, log=home / "log" / "postgres.log", port=free_port(), password=password(), fsync=False
    )
    server = postgres.start()
    try:
        _set_up(home, postgres)
    finally:
        server.stop(_STOP_SECONDS)


def _set_up(home: Path, postgres: Postgres) -> None:
    env = {
        **bare_environment(),
        "OMNIFY_HOME": str(home),
        "SECRET_KEY": "only-for-tests-" + "k" * 40,
        "DATABASE_URL": postgres.urls_of_programs()["DATABASE_URL_OWNER"],
        # No set-up asks it.
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "omnify.settings",
    }
    with (home / "children.lock").open("w") as lock:
        child = Programs(Home(home, lock.fileno()), env).setup()
        try:
            child.process.wait(_SETUP_SECONDS)
        finally:
            child.stop(0.0)
    if child.process.returncode:
        raise CannotStart(child.last_log_line())
