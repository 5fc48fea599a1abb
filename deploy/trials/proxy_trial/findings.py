"""What a check says: a sentence about what it saw, or `Broken` with what is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Broken(Exception):
    """Something does not hold. The message is one line for people."""


def demand(holds: object, otherwise: str) -> None:
    """Raises Broken with this sentence, unless something holds."""
    if not holds:
        raise Broken(otherwise)


def wait_until(ready: Callable[[], T | None], *, seconds: float, otherwise: str) -> T:
    """Asks until there is a true answer, and returns it. Raises Broken after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        found = ready()
        if found:
            return found
        if time.monotonic() > until:
            raise Broken(otherwise)
        time.sleep(0.05)
