"""How many cores this process may use, which in a container are fewer than the machine has."""

from __future__ import annotations

import os
from pathlib import Path

# The limit of a container's processor time (`docker run --cpus`), as "<microseconds> <of microseconds>" or "max <of>".
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = _QUOTA) -> int:
    """Counts the cores that the process may run on, or that its control group's quota pays for if those are fewer."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        spent, _, period = quota.read_text("ascii").partition(" ")
        paid = -(-int(spent) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        # No control groups of version 2, or no quota.
        return allowed
    return max(1, min(allowed, paid))


def default_web_workers(cores: int) -> int:
    """Derives the number of web processes: one for two cores, since each keeps about as much else busy (Redis, drain,
    PostgreSQL). At least two, so that one is there while another is replaced; at most eight, which take in more than
    one Redis admits."""
    return min(8, max(2, cores // 2))
