"""The machine: what it is, and how much of it other processes used while we measured."""

from __future__ import annotations

import os
import platform
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Moment:
    """Seconds of processor time used by now: by all processes (None where the system does not tell), and by us; and
    the load average."""

    clock: float
    total: float | None
    us: float
    load: tuple[float, float, float]


def look() -> Moment:
    """Now. Children count once they have ended, so look before the first and after the last of them."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    us = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return Moment(time.monotonic(), _all_processes(), us, os.getloadavg())


def others_share(before: Moment, after: Moment) -> float | None:
    """The share of all cores that other programs used between two looks, interrupts left out."""
    if before.total is None or after.total is None:
        return None
    theirs = (after.total - before.total) - (after.us - before.us)
    return round(max(0.0, theirs) / ((after.clock - before.clock) * cores()), 3)


def processor_seconds(pid: int) -> float:
    """What a process and its children that live have used of the processors. Linux only."""
    stats = [Path(f"/proc/{one}/stat").read_text("utf-8").rpartition(")")[2].split() for one in (pid, *children(pid))]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def running_seconds(pid: int) -> float:
    """What the threads of a process that live have used of the processors, to the microsecond: `processor_seconds`
    counts in hundredths of a second. Linux only."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text("ascii").split()[0]) for thread in threads) / 1e9


def children(pid: int) -> list[int]:
    """The processes that a process has started and that live. Linux only."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, Any]:
    """For the report."""
    return {
        "cores": cores(),
        "cpu": _cpu(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "fsync_us": _fsync_us(),
    }


def _all_processes() -> float | None:
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text("utf-8").split("\n", 1)[0].split()[1:]]
    except OSError:
        return None
    user, nice, system, _, _, _, _, steal = ticks[:8]
    return (user + nice + system + steal) / os.sysconf("SC_CLK_TCK")


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line), "")


def _fsync_us() -> int:
    """The median of writing 4 KiB and bringing it to the disk, where temporary files are."""
    import tempfile

    samples = []
    with tempfile.TemporaryFile() as file:
        for _ in range(101):
            os.write(file.fileno(), bytes(4096))
            started = time.perf_counter()
            os.fsync(file.fileno())
            samples.append(time.perf_counter() - started)
    return round(sorted(samples)[50] * 1e6)
