"""Says at the end of a run where its time went: the slowest tests, the sums of files and levels, and how often a
service was started, which is what acceptance tests pay most for. Nothing here fails a test: how long one takes is the
machine's affair.

`--times FILE` keeps the figures there, and shows those of earlier runs that kept theirs in the same file: so the last
of several runs tells of all of them.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

SLOWEST = 15
# Files that took less than this part of the whole are told as one.
_WORTH_A_LINE = 0.015
STARTS: Counter[str] = Counter()


def count_start(what: str) -> None:
    """Notes that servers or a whole service were started; `what` is a plural."""
    STARTS[what] += 1


class Timing:
    """A plugin of pytest. Under pytest-xdist reports and starts of all workers come to the process that shows them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._starts: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """A worker hands its count over."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output["starts"] = dict(STARTS)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._starts.update(getattr(node, "workeroutput", {}).get("starts", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        runs = self._all_runs()
        seconds = {f"{test}{run}": taken for run, tests in runs["seconds"].items() for test, taken in tests.items()}
        if len(seconds) < 2:
            return
        terminalreporter.section("where the time went")
        for line in summary(seconds, sum(map(Counter, runs["starts"].values()), Counter())):
            terminalreporter.write_line(line)

    def _all_runs(self) -> dict[str, Any]:
        """Figures of the runs that share a file, this one's included: tests by the run's name, and starts."""
        kept: dict[str, Any] = {"seconds": {}, "starts": {}}
        path = self._config.getoption("times")
        if path and Path(path).exists():
            kept = json.loads(Path(path).read_text("utf-8"))
        run = " on SQLite" if os.environ.get("OMNIFY_TEST_DATABASE") == "sqlite" else ""
        kept["seconds"][run] = self._seconds
        kept["starts"][run] = self._starts + STARTS
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(json.dumps(kept), "utf-8")
        return kept


def summary(seconds: dict[str, float], starts: Counter[str]) -> list[str]:
    """The lines to show, from seconds by test."""
    total = sum(seconds.values())
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:SLOWEST]
    files, levels = _sums(seconds, 0), _sums(seconds, 1)
    told = {name: taken for name, taken in files.items() if taken >= _WORTH_A_LINE * total}
    rest = total - sum(told.values())
    return [
        f"slowest {len(slowest)} of {len(seconds)} tests, set-up and tear-down included:",
        *(f"{taken:8.1f} s  {test}" for test, taken in slowest),
        "by file:",
        *(f"{taken:8.1f} s  {name}" for name, taken in told.items()),
        f"{rest:8.1f} s  {len(files) - len(told)} others",
        "by level: " + ", ".join(f"{level} {taken:.0f} s" for level, taken in levels.items()),
        f"starts: {', '.join(f'{count} {what}' for what, count in starts.most_common()) or 'none'}",
        f"all tests one after the other: {total:.0f} s",
    ]


def _sums(seconds: dict[str, float], parents: int) -> dict[str, float]:
    """By file, or by its folder; the largest first."""
    found: Counter[str] = Counter()
    for test, taken in seconds.items():
        path, _, rest = test.partition("::")
        name = path.rsplit("/", parents)[0] if parents else path
        found[name + (" on SQLite" if rest.endswith(" on SQLite") else "")] += taken  # type: ignore[assignment]
    return dict(found.most_common())
