"""Waiting for something to become true, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

# Far more than anything takes on a busy machine: a wait of that length is in vain.
DEADLINE_SECONDS = 120.0
_POLL_SECONDS = 0.02

Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found | None], what: str, *, seconds: float = DEADLINE_SECONDS) -> Found:
    """Returns the condition's first true value. Fails the test, naming `what`, when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain until {what}; last seen: {found!r}")
        time.sleep(_POLL_SECONDS)
