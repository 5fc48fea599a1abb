"""The lines of the table, one module for each question. Every `measure` returns lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Run = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How long to look: repetitions of every run, and seconds of load in each."""

    repetitions: int
    seconds: float


def interleaved(repetitions: int, runs: dict[str, Run]) -> dict[str, list[float]]:
    """Runs them in turn, A B A B ..., so that a slow minute of the machine hits all of them."""
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            samples[name].append(run())
    return samples
