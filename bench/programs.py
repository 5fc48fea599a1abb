"""Programs under test: each with a log, watched while it is needed, and ended by the run."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.machine import processor_seconds
from omnify.embedded.process import Child, start_child, wait_for

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 20.0
IDLE_SECONDS = 0.25


class ProgramFailedError(Exception):
    """A program under test went down during the run."""


def start_python(arguments: Sequence[str], *, log: Path, env: Mapping[str, str]) -> Child:
    """Starts `python -m <arguments>`."""
    return start_child(log.stem, [sys.executable, "-m", *arguments], log=log, env=env, cwd=ROOT)


@contextlib.contextmanager
def running(child: Child, *, stop_seconds: float = STOP_SECONDS) -> Iterator[Child]:
    """Ends the child at the end, by force after `stop_seconds`. Raises ProgramFailedError if it died before."""
    try:
        yield child
        if not child.running:
            raise ProgramFailedError(f"{child.name}: {child.ending()}; {child.last_log_line()}")
    finally:
        child.stop(stop_seconds)


def wait_for_port(child: Child, port: int) -> None:
    """Returns when `child` accepts connections. Raises CannotStart."""

    def listens() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    wait_for(child, listens, seconds=START_SECONDS)


def wait_until_idle(child: Child) -> None:
    """Returns when the processes of `child` have nothing to do: a port is open before all of them have started."""
    used, since = -1.0, time.monotonic()
    while time.monotonic() - since < IDLE_SECONDS:
        now = processor_seconds(child.pid)
        if now > used:
            used, since = now, time.monotonic()
        time.sleep(0.05)
