"""Starts, watches and stops child processes of the supervisor."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from omnify.embedded.exec_child import kernel_ends_orphans

_WRAPPER = Path(__file__).with_name("exec_child.py")
_POLL_SECONDS = 0.05
_ABANDON_SECONDS = 20.0


class CannotStart(Exception):
    """The service cannot be started; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user a child runs as instead of root."""

    uid: int
    gid: int
    name: str


def unprivileged_account() -> Account | None:
    """Returns `nobody` if this process is root, else None.

    Raises:
        CannotStart: root on a machine without a user `nobody`.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart("PostgreSQL does not run as root, and there is no user 'nobody' to run it as") from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


@dataclass(slots=True)
class Child:
    """A running program. It has its own session, so that Ctrl-C in the terminal does not reach it directly."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def ending(self) -> str:
        """Returns how it ended, as text for the user."""
        code = self.process.returncode
        if code is None:
            return "still running"
        return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"

    def last_log_line(self) -> str:
        """Returns the last line of its log, for an error message."""
        try:
            lines = self.log.read_bytes()[-4000:].decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def request_stop(self) -> None:
        if self.running:
            self.process.send_signal(self.stop_signal)

    def kill(self) -> None:
        """Kills it, and what is in its process group: where its program is watched over, that is another process."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def stop(self, seconds: float) -> bool:
        """Sends the stop signal, and kills the process after `seconds`. Returns whether it stopped by itself."""
        self.request_stop()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
            return False
        return True


def start_child(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    death_signal: signal.Signals = signal.SIGKILL,
    cwd: Path = Path("/"),
    keep_open: Sequence[int] = (),
) -> Child:
    """Starts a child that dies with this process.

    Args:
        death_signal: what the kernel sends the child when this process has died.
        keep_open: descriptors the child inherits.

    Raises:
        RuntimeError: called from another thread than the main one. The kernel sends the death signal when the thread
            ends that started the child (PR_SET_PDEATHSIG(2const)): the child would die without a word before us.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(f"{name} would be killed when this thread ends: start it from the main thread")
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    # -I -S: no site-packages and no PYTHON* variables, so that the wrapper costs ten milliseconds.
    how = "kernel" if kernel_ends_orphans() else "watch"
    wrapper = [sys.executable, "-I", "-S", str(_WRAPPER), how, str(os.getpid()), str(int(death_signal))]
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*wrapper, str(uid), str(gid), *(str(part) for part in command)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            pass_fds=tuple(keep_open),
        )
    return Child(name, process, log, stop_signal)


@contextmanager
def stopped_on_failure(child: Child) -> Iterator[None]:
    """Stops the child if the block fails or is interrupted."""
    try:
        yield
    except BaseException:
        child.stop(_ABANDON_SECONDS)
        raise


def wait_for(child: Child, ready: Callable[[], bool], *, seconds: float) -> None:
    """Waits until `ready()` is true.

    Raises:
        CannotStart: the child ended, or was not ready after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if not child.running:
            raise CannotStart(f"{child.name} did not start ({child.ending()}): {child.last_log_line()}")
        if time.monotonic() > deadline:
            raise CannotStart(f"{child.name} is not ready after {seconds:g} s; its log is {child.log}")
        time.sleep(_POLL_SECONDS)
