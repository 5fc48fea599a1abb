"""Keeps redis-py from importing OpenTelemetry's SDK, which it does wherever that is installed, whether it is used or
not: a tenth of a second and three megabytes for each process.

To redis-py it looks as if the SDK were not installed; it has no say in our traces, and its own metrics are not used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

_HIDDEN, _FROM = "opentelemetry", "redis"


class _Hiding(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Finds nothing. Raises ModuleNotFoundError, as if there were nothing to find."""
        if fullname.partition(".")[0] == _HIDDEN and _importer().partition(".")[0] == _FROM:
            raise ModuleNotFoundError(f"hidden from {_FROM}", name=fullname)
        return None


def _importer() -> str:
    """Returns the name of the module whose statement it is."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("importlib"):
        frame = frame.f_back
    return "" if frame is None else frame.f_globals.get("__name__", "")


def hide() -> None:
    """Hides it, from the next import on."""
    sys.meta_path.insert(0, _Hiding())
