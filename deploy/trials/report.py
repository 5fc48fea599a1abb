"""One trial: a line for each check, an exit code, a deadline, and what is taken down at its end.

    def main() -> int:
        with Trial("compose-trial", seconds=720) as trial:
            server = start()
            trial.afterwards(server.stop)
            trial.leaves_nothing(lambda: [f"process {server.pid}"] if alive(server.pid) else [])
            with trial.part("A drain is killed"):
                trial.check("every 202 was decided", not missing, f"{accepted} accepted, {missing} without a decision")
        return trial.exit_code

Prints `✓ name: detail` or `✗ name: detail`, as a rehearsal does. Whatever happens in between (an error, the deadline,
Ctrl-C, SIGTERM), what was put up is taken down in the opposite order, and then a line says what was left behind.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TextIO

HELD, BROKEN, USAGE, NOT_TRIED, INTERRUPTED = 0, 1, 2, 77, 130
TAKING_DOWN_SECONDS = 120


class CannotTry(Exception):
    """This machine lacks what the trial needs. The message says what; the exit code is `NOT_TRIED`."""


class OutOfTime(BaseException):
    """The deadline has passed. No `except Exception` swallows it."""


class Ended(BaseException):
    """The trial was ended from outside."""


class Trial:
    """Use as a context manager, in the main thread: the deadline is a SIGALRM. Errors inside end as a ✗ line."""

    def __init__(self, name: str, *, seconds: float, out: TextIO | None = None) -> None:
        self.name = name
        self.exit_code = HELD
        self._seconds = seconds
        self._started = time.monotonic()
        self._out = out or sys.stdout
        self._afterwards: list[Callable[[], object]] = []
        self._leftovers: list[Callable[[], list[str]]] = []
        self._held = self._broken = 0

    def __enter__(self) -> Trial:
        signal.signal(signal.SIGALRM, self._stop_in_time)
        signal.signal(signal.SIGTERM, self._stop_at_once)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _: TracebackType | None
    ) -> bool:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if isinstance(problem, SystemExit | GeneratorExit):
            self._take_down()
            return False
        if problem is not None:
            self._say_why(problem)
        self._take_down()
        self.say(f"{self.name}: {self._held} held, {self._broken} did not, {self.seconds:.0f} s")
        return True

    @property
    def seconds(self) -> float:
        """For how long the trial has been running."""
        return time.monotonic() - self._started

    @property
    def seconds_left(self) -> float:
        """Until the deadline; not negative."""
        return max(0.0, self._seconds - self.seconds)

    def say(self, text: str) -> None:
        """Prints a line that is no check: progress, a figure, a heading."""
        self._out.write(f"{text}\n")
        self._out.flush()

    def check(self, name: str, ok: object, detail: str = "") -> bool:
        """Prints what held (`ok` is true) or did not, which makes the exit code 1. Returns whether it held."""
        held = bool(ok)
        self.say(f"{'✓' if held else '✗'} {name}{': ' if detail else ''}{detail}")
        if held:
            self._held += 1
        else:
            self._broken += 1
            if self.exit_code in (HELD, NOT_TRIED):  # what could not be tried must leave nothing behind either
                self.exit_code = BROKEN
        return held

    def not_tried(self, name: str, why: str) -> None:
        """Prints that a check could not be made here. It changes no exit code."""
        self.say(f"- {name}: not tried, {why}")

    @contextmanager
    def part(self, title: str) -> Iterator[None]:
        """Prints a heading. An error inside is a ✗ line, and the trial goes on behind the part."""
        self.say(f"\n{title}  ({self.seconds:.0f} s)")
        try:
            yield
        except CannotTry as why:
            self.not_tried(title, str(why))
        except Exception as problem:
            self.check(title, False, f"{type(problem).__name__}: {problem}")

    def afterwards(self, action: Callable[[], object]) -> None:
        """Takes something down at the end, last first. An error in it is a ✗ line, and the others still run."""
        self._afterwards.append(action)

    def leaves_nothing(self, leftovers: Callable[[], list[str]]) -> None:
        """Asks at the very end what is left (processes, folders, networks); whatever is named is a ✗ line."""
        self._leftovers.append(leftovers)

    def _say_why(self, problem: BaseException) -> None:
        if isinstance(problem, CannotTry) and not self._broken:
            self.say(f"{self.name}: not tried: {problem}")
            self.exit_code = self.exit_code or NOT_TRIED
        elif isinstance(problem, KeyboardInterrupt | Ended):
            self.say(f"{self.name}: interrupted")
            self.exit_code = INTERRUPTED
        elif isinstance(problem, OutOfTime):
            self.check("in time", False, f"not done after {self._seconds:.0f} s")
        else:
            self.check(self.name, False, f"{type(problem).__name__}: {problem}")

    def _take_down(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while self._afterwards:
            action = self._afterwards.pop()
            signal.setitimer(signal.ITIMER_REAL, TAKING_DOWN_SECONDS)
            try:
                action()
            except (Exception, OutOfTime) as problem:
                self.check("taking down", False, f"{type(problem).__name__}: {problem}")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self._leftovers:
            left = [name for leftovers in self._leftovers for name in leftovers()]
            self.check("nothing is left behind", not left, ", ".join(left))

    def _stop_in_time(self, _signal: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    def _stop_at_once(self, _signal: int, _frame: FrameType | None) -> None:
        raise Ended


def wait_until(condition: Callable[[], object], *, seconds: float, pause: float = 0.25) -> bool:
    """Looks until `condition` is true, or `seconds` are over. Returns whether it became true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
    return True
