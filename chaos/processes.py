"""A program and all that it has started: gunicorn's workers, PostgreSQL's backends. What strikes one strikes all."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from bench.machine import children


def tree(pid: int) -> list[int]:
    """Returns a process and its descendants, parents first."""
    found = [pid]
    for one in found:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += children(one)
    return found


def send(pid: int, number: signal.Signals) -> None:
    """Sends a signal to a process and its descendants."""
    for one in tree(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, number)


def state(pid: int) -> str:
    """Returns the kernel's letter for what a process does: R, S, T (stopped), Z (dead); empty if there is none."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    return ""
