"""`$OMNIFY_HOME`: the lock, the secrets and the logs of one copy of the service.

lock              held by the supervisor; a second one is refused
children.lock     held by the children too, so that a start waits for those of a killed supervisor
embedded.json     ports, passwords and the secret key, made once (mode 600)
service.env       what `omnify.environment` reads, written at every start (mode 600)
organizer-token   the first organizer's token (mode 600)
log/              a file for each child
metrics/          Prometheus, emptied at every start
valkey/ postgres/ the data
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from omnify.common.service_file import SERVICE_FILE
from omnify.embedded.ports import free_port, is_free
from omnify.embedded.process import CannotStart

TOKEN_FILE = "organizer-token"  # noqa: S105 - the name of a file
LOG_LIMIT_BYTES = 32 * 1024 * 1024
_LEFTOVERS_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Generated once and kept in `embedded.json`."""

    secret_key: str
    valkey_port: int
    valkey_password: str
    postgres_port: int
    postgres_password: str
    # Of the decision logs. A folder of an earlier release has none yet.
    log_signing_key: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """An `$OMNIFY_HOME` locked by this process. The locks are released when the process ends."""

    path: Path
    children_lock: int

    @property
    def token_file(self) -> Path:
        return self.path / TOKEN_FILE

    def token(self) -> str:
        """Returns the stored token; an empty string before the first start."""
        return self.token_file.read_text("utf-8").strip() if self.token_file.exists() else ""

    def token_line(self, *, before: str, terminal: bool) -> str:
        """Returns the line that tells the user where the token is; `before` is the token before this start.

        A new token is shown once, and only on a terminal: other output may end in a log.
        """
        shown = f"{self.token()} (kept in " if terminal and self.token() != before else "(kept in "
        return f"organizer token: {shown}{self.token_file})"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    def log(self, name: str) -> Path:
        """Returns the path of a child's log."""
        return self.path / "log" / f"{name}.log"

    def trim_logs(self, limit: int = LOG_LIMIT_BYTES) -> None:
        """Copies logs over the limit, in bytes, to `<name>.log.1`, and empties them.

        Children append to the open file, so it is not renamed; a line written during the copy is lost.
        """
        for log in (self.path / "log").glob("*.log"):
            if log.stat().st_size > limit:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)

    def empty_metrics(self) -> None:
        """Deletes the metrics of earlier processes: counters start at zero with the service."""
        shutil.rmtree(self.metrics, ignore_errors=True)
        self.metrics.mkdir(mode=0o700)

    def secrets(self) -> Secrets:
        """Returns the stored secrets, with a new port where another process uses the stored one."""
        path = self.path / "embedded.json"
        kept = _read_secrets(path) if path.exists() else _new_secrets()
        moved = replace(
            kept,
            valkey_port=kept.valkey_port if is_free(kept.valkey_port) else free_port(),
            postgres_port=kept.postgres_port if is_free(kept.postgres_port) else free_port(),
            log_signing_key=kept.log_signing_key or secrets.token_hex(32),
        )
        write_private(path, json.dumps(asdict(moved), indent=2) + "\n")
        return moved

    def write_service_file(self, values: Mapping[str, str]) -> None:
        """Writes `service.env`, from which `manage.py` reads where the service is."""
        lines = "".join(f"{name}={value}\n" for name, value in values.items())
        write_private(self.path / SERVICE_FILE, f"# Written by `make run` at every start.\n{lines}")


def open_home(path: Path, *, waiting: Callable[[], None] = lambda: None) -> Home:
    """Creates and locks the folder for this process. Calls `waiting` if children of an earlier start still run.

    Raises:
        CannotStart: it cannot be written, or the service runs from it already.
    """
    try:
        _make(path)
        _lock_or_refuse(path)
        children = os.open(path / "children.lock", os.O_RDWR | os.O_CREAT, 0o600)
        (path / "log").mkdir(mode=0o700, exist_ok=True)
    except OSError as problem:
        raise CannotStart(f"OMNIFY_HOME {path} cannot be used: {problem.strerror}") from problem
    _wait_for_lock(children, path, waiting)
    return Home(path, children)


def write_private(path: Path, text: str) -> None:
    """Writes a file atomically, readable for its owner only."""
    half = path.with_name(f"{path.name}.new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def _make(path: Path) -> None:
    """Creates the folder. PostgreSQL's unprivileged user can enter root's; a folder in use is not changed."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    path.mkdir(parents=True, exist_ok=True)
    if not any(path.iterdir()) and path.stat().st_uid == os.geteuid():
        path.chmod(mode)


def _lock_or_refuse(path: Path) -> None:
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        raise CannotStart(f"Omnify is running already from {path} (process {holder})") from None
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())


def _wait_for_lock(lock: int, path: Path, waiting: Callable[[], None]) -> None:
    deadline, told = time.monotonic() + _LEFTOVERS_SECONDS, False
    while time.monotonic() < deadline:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if not told:
            waiting()
            told = True
        time.sleep(0.1)
    raise CannotStart(f"servers of an earlier start from {path} are still running")


def _new_secrets() -> Secrets:
    return Secrets(
        secret_key=secrets.token_urlsafe(48),
        valkey_port=free_port(),
        valkey_password=secrets.token_hex(16),
        postgres_port=free_port(),
        postgres_password=secrets.token_hex(16),
    )


def _read_secrets(path: Path) -> Secrets:
    try:
        return Secrets(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as problem:
        raise CannotStart(f"{path} cannot be read: {problem}") from problem
