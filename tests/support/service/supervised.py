"""The service under its supervisor, as `make run` starts it. `parts.py` has its parts without the supervisor."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from omnify.embedded.ports import LOOPBACK, free_port
from omnify.embedded.programs import ROOT
from tests.support.bare_environment import bare_environment
from tests.support.run_times import count_start
from tests.support.service.http_client import Address
from tests.support.waiting import wait_until

START_SECONDS = 200.0
STOP_SECONDS = 60.0
SUPERVISOR = (sys.executable, "-m", "omnify.embedded")


class Supervised:
    """One copy, with a home and a port of its own. Use as a context manager: it leaves nothing behind."""

    def __init__(self, **env: str) -> None:
        # Not pytest's tmp_path: PostgreSQL's unprivileged user must be able to pass through.
        self.home = Path(tempfile.mkdtemp(prefix="omnify-acceptance-"))
        self.port = free_port()
        self.address = Address(LOOPBACK, self.port)
        # One door process starts in half the time of two. Most of a start is imports.
        self.env = {
            **bare_environment(),
            "WEB_WORKERS": "1",
            # A mailer would be another process to start.
            "EMAIL_URL": "off",
            **env,
            "OMNIFY_HOME": str(self.home),
            "PORT": str(self.port),
        }
        self._output = Path(tempfile.mkdtemp(prefix="omnify-output-"))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Supervised:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        data = self.home / "postgres"
        if data.is_symlink():
            shutil.rmtree(data.readlink(), ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self._output, ignore_errors=True)

    def start(self, command: tuple[str, ...] = SUPERVISOR) -> Supervised:
        """Starts the supervisor and does not wait for the service. One that was killed before is collected."""
        count_start("supervisors")
        if self.process:
            self.process.wait(STOP_SECONDS)
        with (self._output / "out").open("wb") as out, (self._output / "err").open("wb") as err:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        return self

    def start_ready(self) -> Supervised:
        """Starts it and returns when it says that it is ready."""
        self.start()
        wait_until(self._announced, "the service says that it is ready", seconds=START_SECONDS)
        return self

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to stop, and returns its exit code. Harmless when it is not running."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def ended(self) -> int:
        """Waits for it to end by itself; its exit code."""
        assert self.process
        return self.process.wait(START_SECONDS)

    def output(self) -> str:
        return (self._output / "out").read_text("utf-8")

    def errors(self) -> str:
        return (self._output / "err").read_text("utf-8")

    def token(self) -> str:
        return (self.home / "organizer-token").read_text("utf-8").strip()

    def ready(self) -> bool:
        """Whether `/health/ready` answers 200 now."""
        try:
            return self.address.ask("GET", "/health/ready").status == 200
        except OSError:
            return False

    def supervisor_pid(self) -> int:
        return int((self.home / "lock").read_text("utf-8"))

    def children(self) -> dict[str, int]:
        """Direct children of the supervisor by what they are: valkey, postgres, web, drain-1, drain-2."""
        marks = {
            "valkey": "valkey-server",
            "postgres": "bin/postgres",
            "web": "gunicorn",
            "drain-1": "--name drain-1",
            "drain-2": "--name drain-2",
        }
        lines = {pid: command_line(pid) for pid, parent in processes().items() if parent == self.supervisor_pid()}
        return {name: pid for name, mark in marks.items() for pid, line in lines.items() if mark in line}

    def all_processes(self) -> set[int]:
        """The supervisor and everything below it."""
        parents, found = processes(), {self.supervisor_pid()}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def _announced(self) -> bool:
        assert self.process
        assert self.process.poll() is None, f"it ended: {self.errors()}"
        return "organizer token" in self.output()


def processes() -> dict[int, int]:
    """Parents by process, without the dead that their parents have not collected yet."""
    listing = subprocess.run(
        ["ps", "-ww", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split() for line in listing.splitlines())
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def command_line(pid: int) -> str:
    done = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout


def alive(pids: set[int]) -> set[int]:
    """Those that still run."""
    return pids & processes().keys()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
