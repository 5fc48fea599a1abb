"""The lines of the table, one module for each question.

Every module here is a measure: its `measure(stack, options)` returns lines, and `python -m bench` takes its name.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from bench.load import WARM_UP_SECONDS

if TYPE_CHECKING:
    from bench.lines import Line
    from bench.stack import Stack

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How long to look: repetitions of every run, seconds of load in each after its warm-up, and the share of every
    fixed number of people, rows or messages (1, unless it is only to be seen that the measures run)."""

    repetitions: int
    seconds: float
    scale: float = 1.0

    @property
    def fewer(self) -> int:
        """Repetitions of what takes long or is only reported: three of five."""
        return -(-self.repetitions * 3 // 5)

    @property
    def warm_up(self) -> float:
        """Seconds of load before those that count."""
        return self.pause(WARM_UP_SECONDS)

    def number(self, full: int, *, least: int = 1) -> int:
        """As many of `full` as this run takes, and `least` in any case."""
        return max(least, round(full * self.scale))

    def pause(self, full: float) -> float:
        """As many of `full` seconds as this run takes."""
        return full * min(1.0, max(self.scale, 0.1))


TINY = Options(repetitions=1, seconds=0.3, scale=0.01)


def measures() -> dict[str, Callable[[Stack, Options], list[Line]]]:
    """Every measure by its name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").measure for name in names}


def interleaved(repetitions: int, runs: dict[str, Callable[[], Result]]) -> dict[str, list[Result]]:
    """Runs them in turn, A B B A A B ..., so that a slow minute of the machine hits all of them, and one that goes on
    slowing down hits none of them more than the other."""
    samples: dict[str, list[Result]] = {name: [] for name in runs}
    for repetition in range(repetitions):
        for name in reversed(runs) if repetition % 2 else runs:
            samples[name].append(runs[name]())
    return samples
