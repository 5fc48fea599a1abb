"""What came out: the table on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench import load, machine
from bench.lines import Line, spread
from bench.measures import Options

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a reader must know to believe the figures. `load` is the load average before the first measure; `others` the
    share of the machine that other programs used meanwhile (None where the system does not tell)."""

    finished_at: str
    commit: str
    took_seconds: int
    machine: Mapping[str, Any]
    load: Sequence[float]
    others: float | None
    client: str
    options: Mapping[str, Any]

    def sentence(self) -> str:
        """For people."""
        cores, cpu, python = (self.machine[name] for name in ("cores", "cpu", "python"))
        options = f"{self.options['repetitions']} repetitions of {self.options['seconds']:g} s"
        return (
            f"Commit {self.commit}, {self.finished_at}, {cores} cores of {cpu}, Python {python}, fsync "
            f"{self.machine['fsync_us']} µs, client in {self.client}, {options}, {self.took_seconds} s in all. Load "
            f"average at the start {', '.join(f'{one:.2f}' for one in self.load)}; other programs used "
            f"{'an unknown share' if self.others is None else f'{self.others:.0%}'} of the machine meanwhile."
        )


def facts(options: Options, *, began: machine.Moment, ended: machine.Moment) -> Facts:
    """Those of a run between two looks at the machine."""
    return Facts(
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=_commit(),
        took_seconds=round(ended.clock - began.clock),
        machine=machine.describe(),
        load=began.load,
        others=machine.others_share(began, ended),
        client=load.language(),
        options=asdict(options),
    )


def print_table(lines: Sequence[Line]) -> None:
    """The table, and what was measured below each line."""
    width = max((len(line.name) for line in lines), default=0)
    print(f"\n{'what':<{width}}  {'measured':>11}  {'limit':<13}        spread")
    for line in lines:
        told = f"{_measured(line):>11}  {line.limit:<13} {line.mark:<5}  {spread_of(line)}"
        print(f"{line.name:<{width}}  {told}".rstrip())
        for key, values in line.samples.items():
            print(f"    {key:<{width - 4}}  {text(median(values)):>11}  {_ends(spread(values))}".rstrip())


def write_markdown(lines: Sequence[Line], run: Facts, path: Path) -> None:
    """The table for docs/performance.md, below a sentence about the run."""
    rows = ["| what | measured | limit | | spread | medians |", "|---|---|---|---|---|---|"]
    for line in lines:
        medians = "; ".join(f"{key} {text(median(values))}" for key, values in line.samples.items())
        cells = (line.name, _measured(line), line.limit, line.mark, spread_of(line), medians)
        rows.append(f"| {' | '.join(cells)} |")
    path.write_text("\n".join([run.sentence(), "", *rows]) + "\n", "utf-8")


def _measured(line: Line) -> str:
    return f"{text(line.measured)} {line.unit}".rstrip()


def spread_of(line: Line) -> str:
    """From the least to the most that one repetition said."""
    return _ends(line.spread)


def _ends(ends: Sequence[float]) -> str:
    return " - ".join(map(text, ends))


def text(figure: float) -> str:
    """A figure with as many digits as can be believed."""
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:.3g}"


def write_json(lines: Mapping[str, Sequence[Line]], run: Facts, path: Path) -> None:
    """The same for programs. `lines` by measure."""
    path.parent.mkdir(exist_ok=True)
    told = [{"measure": name, **asdict(line), "mark": line.mark} for name, some in lines.items() for line in some]
    path.write_text(json.dumps({**asdict(run), "lines": told}, indent=2) + "\n", "utf-8")


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
