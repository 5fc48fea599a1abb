"""Event streams: how long after a decision the last of many clients hears of it, and what an open stream costs.

All wait for tickets of one event, so one drain decides them in a few batches and all are told within a moment: the
worst case for the doors. Memory is the growth of the doors' resident size over the streams.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import guests, ledger, load, machine
from bench.lines import Line
from bench.measures import Options
from bench.stack import Stack

STREAMS = 5000


def measure(stack: Stack, options: Options) -> list[Line]:
    """Four lines from one crowd; nothing but the waits varies from run to run."""
    with stack.door_processes(fresh=True) as (door, gunicorn):
        number = options.number(STREAMS)
        event_id = ledger.new_event()
        paths = stack.path / "streams"
        paths.write_text("".join(f"{path}/events\n" for path in guests.register(event_id, number)), "utf-8")
        doors = machine.children(gunicorn)
        before = sum(map(_resident_bytes, doors))
        files = dict(zip(doors, map(_open_files, doors), strict=True))
        command = [sys.executable, "-m", "bench.followers", door, str(paths)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as followers:
            _next_line(followers, "open")
            time.sleep(options.pause(2.0))  # buffers of the opening are freed
            grown = sum(map(_resident_bytes, doors)) - before
            held = [_open_files(pid) - files[pid] for pid in doors]
            with stack.drain():
                answer: dict[str, Any] = json.loads(_next_line(followers, "{"))
    stack.forget(event_id)
    waits = sorted(answer["waits_ms"])
    if answer["broken"] or len(waits) < number:
        raise load.ClientFailedError(f"{len(waits)} of {number} streams ended, {answer['broken']} broke")
    samples = {"streams in one process": [float(count) for count in held]}
    return [
        Line(name="open event streams", measured=len(waits), unit="streams", samples=samples),
        Line(name="door memory per open stream", measured=grown / len(waits), unit="bytes"),
        Line(name="decision to event, median client", measured=waits[len(waits) // 2], unit="ms"),
        Line(name="decision to event, last client", measured=waits[-1], unit="ms"),
    ]


def _next_line(followers: subprocess.Popen[str], begin: str) -> str:
    assert followers.stdout is not None
    line = followers.stdout.readline()
    if not line.startswith(begin):
        raise load.ClientFailedError(f"the followers said {line!r}")
    return line


def _resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def _open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
