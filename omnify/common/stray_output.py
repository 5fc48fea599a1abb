"""What a C library prints to standard error, as lines of our log.

libpq prints what the server says between the end of the login and the moment in which psycopg2 takes such notices over
("FATAL:  terminating connection due to unexpected postmaster exit"), and cannot be told otherwise before. So while a
connection is made, descriptor 2 leads into a pipe. Our own lines go round it: `StandardError`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STDERR = 2
# As much as a pipe holds. What is more than that is lost.
_MOST = 65_536


class _Diversion:
    """Descriptor 2, diverted as long as at least one thread wants it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._wanted = 0
        # A copy of descriptor 2. Never closed, since a writer may just have looked it up.
        self._usual: int | None = None
        self._end = -1

    @property
    def usual(self) -> int:
        """The descriptor that leads to standard error now."""
        return self._usual if self._wanted and self._usual is not None else STDERR

    def begin(self) -> None:
        with self.lock:
            if not self._wanted:
                self._usual = os.dup(STDERR) if self._usual is None else os.dup2(STDERR, self._usual, inheritable=False)
                self._end, entrance = os.pipe()
                for end in (self._end, entrance):
                    os.set_blocking(end, False)
                os.dup2(entrance, STDERR)
                os.close(entrance)
            self._wanted += 1

    def end(self) -> str:
        """Returns what was printed, to the last thread that ends."""
        with self.lock:
            usual = self.usual
            self._wanted -= 1
            if self._wanted:
                return ""
            os.dup2(usual, STDERR)
            with open(self._end, "rb", buffering=0) as pipe:  # noqa: PTH123
                return (pipe.read(_MOST) or b"").decode(errors="replace")


_diversion = _Diversion()


class StandardError:
    """Standard error, whatever descriptor 2 leads to for the moment."""

    def write(self, text: str) -> int:
        """Writes all of the text at once."""
        data = text.encode("utf-8", "backslashreplace")
        with _diversion.lock:
            while data:
                data = data[os.write(_diversion.usual, data) :]
        return len(text)

    def flush(self) -> None:
        """Does nothing: nothing is kept."""


def write_from_signal_handler(line: bytes) -> None:
    """Writes without the lock, which may be held by what the signal has interrupted."""
    os.write(_diversion.usual, line)


@contextmanager
def printed_lines_go_to(tell: Callable[[str], None]) -> Iterator[None]:
    """Catches what anything prints to descriptor 2 meanwhile, and has `tell` called for each line after the block. If
    several threads are in such blocks, the one that leaves last tells of all."""
    _diversion.begin()
    try:
        yield
    finally:
        for line in filter(None, map(str.strip, _diversion.end().splitlines())):
            tell(line)
