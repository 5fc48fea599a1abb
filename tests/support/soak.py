"""How much a test does: what it usually does, or far more of it in `make soak`, which has the time.

`OMNIFY_SOAK=900` leaves only the tests marked `soak` and the property tests; the latter then try other examples each
time. In `make test` they try the same ones each time, so that whether it passes is no matter of luck. A test that would
begin later than 900 seconds after the run is skipped: on a slow machine a soak does less, and ends as it should.
"""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import settings

SECONDS = int(os.environ.get("OMNIFY_SOAK") or 0)
SOAK = SECONDS > 0
_BEGAN = time.monotonic()


def amount(usual: int, *, soak: int) -> int:
    """Of guests, or of examples."""
    return soak if SOAK else usual


def load_profile() -> None:
    """Hypothesis' examples. Without a deadline for each: how long one takes is the machine's affair."""
    settings.register_profile("usual", max_examples=50, derandomize=True, deadline=None)
    settings.register_profile("soak", max_examples=3000, print_blob=True, deadline=None)
    settings.load_profile("soak" if SOAK else "usual")


def belongs(item: pytest.Item) -> bool:
    """Whether a soak runs the test."""
    return _is_property_test(item) or item.get_closest_marker("soak") is not None


def importance(item: pytest.Item) -> int:
    """The lowest comes first: faults against promises, then what runs nowhere else, then what tries other examples than
    before. What is left does more of what `make test` does."""
    if item.get_closest_marker("promise") is not None:
        return 0
    if only_there(item):
        return 1
    return 2 if _is_property_test(item) else 3


def _is_property_test(item: pytest.Item) -> bool:
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


def only_there(item: pytest.Item) -> bool:
    """Whether the test is left to soaks: what it holds, shorter tests hold in every run for nearly all changes."""
    mark = item.get_closest_marker("soak")
    return mark is not None and bool(mark.kwargs.get("only"))


def time_is_over() -> bool:
    """Whether nothing more is to be begun."""
    return SOAK and time.monotonic() > _BEGAN + SECONDS
