"""Clocks that jump: each node is told the time by a small library (`clock.c`), which adds what a file of the node says.

Linux has no namespace for the time of day, and libfaketime 0.9.10 breaks `time.sleep` of Python and refuses PostgreSQL,
which runs as another user.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


class Clocks:
    """The clocks of a run's nodes. Without a C compiler they cannot be set, and `can_jump` is false."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o755)
        self._library = folder / "clock.so"
        self.can_jump = _compile(self._library)

    def environment(self, node: str) -> dict[str, str]:
        """Returns the variables that a node is started with."""
        if not self.can_jump:
            return {}
        if not self._file(node).exists():
            self.set(node, 0)
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file(node))}

    def set(self, node: str, seconds: int) -> None:
        """Sets a node's clock so far ahead, or behind. It takes effect at once."""
        # In place: the node has the file in its memory.
        with self._file(node).open("r+b" if self._file(node).exists() else "wb", buffering=0) as file:
            file.write(seconds.to_bytes(8, "little", signed=True))
        self._file(node).chmod(0o644)

    def _file(self, node: str) -> Path:
        return self._folder / node


def _compile(target: Path) -> bool:
    """Compiles the library. Returns false without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return False
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(target), str(SOURCE)], check=True)
    target.chmod(0o755)
    return True
