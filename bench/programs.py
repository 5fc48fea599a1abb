"""Programs under test: child processes with a log each, ended in good order by the run that started them."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


class ProgramFailedError(Exception):
    """A program under test did not come up, or went down during the run."""


@dataclass(slots=True)
class Program:
    """A running child and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(
        cls, name: str, command: Sequence[str], home: Path, env: Mapping[str, str] | None = None, **options: Any
    ) -> Program:
        """Starts `command`; it dies with the run, also if the run is killed (Linux)."""
        log = home / f"{name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                list(command),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                **options,
            )
        return cls(name, process, log)

    def check(self) -> None:
        """Raises ProgramFailedError with the end of the log if the program is gone."""
        if self.process.poll() is not None:
            raise ProgramFailedError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")

    def tail(self, size: int = 2000) -> str:
        """The end of what it wrote."""
        return self.log.read_bytes()[-size:].decode(errors="replace")

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """Ends it: asked first, then made to."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(program: Program) -> Iterator[Program]:
    """Stops the program at the end; says so if it did not live that long."""
    try:
        yield program
        program.check()
    finally:
        program.stop()


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(program: Program, port: int, seconds: float = 30.0) -> None:
    """Returns when `program` accepts connections."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        program.check()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise ProgramFailedError(f"{program.name} does not listen:\n{program.tail()}")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
