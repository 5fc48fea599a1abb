"""What a test has opened ends with it, and what it left to the garbage collector fails a test of its own module.

Without this a socket that no one closed fails whichever test runs when the collector finds it: often in another module,
and only on some days.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from typing import Protocol, TypeVar

import pytest

from omnify.common.gc_tuning import freeze_gc


class Closable(Protocol):
    def close(self) -> object: ...


Opened = TypeVar("Opened", bound=Closable)
_OPENED: list[Closable] = []
_RECURSION_LIMIT = sys.getrecursionlimit()


def until_the_tests_end(opened: Opened) -> Opened:
    """Has `opened` closed when the test that runs ends, also where it fails: the report of a failure keeps its frames,
    and with them its connections. What is closed by then stays so."""
    _OPENED.append(opened)
    return opened


class Leftovers:
    """A plugin of pytest."""

    def pytest_collection_finish(self) -> None:
        """What is there before the first test is never garbage, and need not be looked through again."""
        freeze_gc()
        gc.enable()
        # Without it a nested JSON text ends the process, and a library may lift it for all as it is imported.
        assert sys.getrecursionlimit() == _RECURSION_LIMIT, "an import has changed the limit on recursion"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """After the fixtures have ended. Once for each module, since it takes a moment."""
        try:
            return (yield)
        finally:
            close_opened()
            if nextitem is None or nextitem.path != item.path:
                left = left_to_the_collector()
                assert not left, f"a test of {item.path.name} has left this to the garbage collector: {left}"


def close_opened() -> None:
    """Closes what was opened, the newest first."""
    while _OPENED:
        _OPENED.pop().close()


def left_to_the_collector() -> list[str]:
    """What a collection complains of now."""
    found: list[str] = []
    usual = sys.unraisablehook
    sys.unraisablehook = lambda problem: found.append(f"{problem.exc_value!r}")
    try:
        gc.collect()
    finally:
        sys.unraisablehook = usual
    return found
