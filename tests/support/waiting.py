"""Waiting for something to become true, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

# Far more than anything takes on a busy machine: a wait of that length is in vain.
DEADLINE_SECONDS = 120.0
# Between two looks: a look may cost as much as a request to the service, which takes the processor from what is waited
# for. What has taken long already may be seen a little later.
_LEAST_SECONDS, _MOST_SECONDS, _PART_OF_THE_WAIT = 0.02, 0.25, 0.1

Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found | None],
    what: str,
    *,
    seconds: float = DEADLINE_SECONDS,
    between: float = _LEAST_SECONDS,
) -> Found:
    """Returns the condition's first true value. Fails the test, naming `what`, when the time is over.

    `between` (seconds) is the shortest time between two looks: longer where a look is dear, as one at `/metrics` is.
    """
    began = time.monotonic()
    while True:
        found = condition()
        if found:
            return found
        waited = time.monotonic() - began
        if waited > seconds:
            raise AssertionError(f"waited {seconds:g} s in vain until {what}; last seen: {found!r}")
        time.sleep(min(max(_PART_OF_THE_WAIT * waited, between), _MOST_SECONDS))
