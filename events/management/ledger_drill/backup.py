"""Runs PostgreSQL's own programs: pg_dump of one moment of the ledger, and pg_restore of it elsewhere.

They are taken from `$PATH`, from Debian's folders, or from the wheel that `make run` uses; pg_dump must not be older
than the server. Passwords go by the environment: a command line can be read by other users.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from psycopg2.extensions import make_dsn, parse_dsn

from omnify.embedded.postgres_files import find_wheel
from omnify.embedded.process import CannotStart

_VERSION = re.compile(r"\(PostgreSQL\) ([0-9]+)")


class CannotDrill(Exception):
    """The drill cannot be held here; the message is one line for the operator."""


def find_program(name: str, *, server: int) -> Path:
    """Returns the path of a program that is not older than the server's major version, the closest to it.

    Raises:
        CannotDrill: there is none.
    """
    found = {path: version for path in _candidates(name) if (version := _major(path))}
    fitting = {path: version for path, version in found.items() if version >= server}
    if not fitting:
        seen = f"; found {', '.join(f'{path} ({version})' for path, version in found.items())}" if found else ""
        package = f"postgresql-client-{server}"
        raise CannotDrill(f"{name} of PostgreSQL {server} or newer is needed (on Debian: apt install {package}){seen}")
    return min(fitting, key=lambda path: fitting[path])


def dump(url: str, file: Path, *, snapshot: str, server: int) -> None:
    """Writes all of a database as it is in this exported snapshot. Raises CannotDrill."""
    arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}"]
    _run(find_program("pg_dump", server=server), arguments, url)


def restore(url: str, file: Path, *, server: int) -> None:
    """Reads a dump into an empty database. Raises CannotDrill."""
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    _run(find_program("pg_restore", server=server), [*arguments, str(file)], url)


def _run(program: Path, arguments: Sequence[str], url: str) -> None:
    parts = parse_dsn(url)
    password = parts.pop("password", None)
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    if password:
        environment["PGPASSWORD"] = password
    command = [str(program), *arguments, f"--dbname={make_dsn(**parts)}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines() or ["?"]
        raise CannotDrill(f"{program.name} failed: {lines[0].strip()}")


def _candidates(name: str) -> Iterator[Path]:
    if found := shutil.which(name):
        yield Path(found)
    yield from Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    with suppress(CannotStart):
        yield find_wheel() / "bin" / name


def _major(path: Path) -> int:
    """Returns the major version of a program; 0 if it does not start."""
    try:
        done = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    told = _VERSION.search(done.stdout)
    return int(told[1]) if told else 0
