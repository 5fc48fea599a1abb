"""Waiting for a condition, and the moment when it came true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_until(done: Callable[[], Any], *, seconds: float, what: str) -> float:
    """Returns the moment (monotonic) when `done()` became true. Raises TimeoutError naming `what`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return time.monotonic()
        time.sleep(0.02)
    raise TimeoutError(f"waited {seconds:g} s for {what}")
