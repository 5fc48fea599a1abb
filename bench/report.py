"""What came out: lines of the table, on the terminal and as JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import load, machine
from bench.measures import Options

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: a value, its limit, and the samples it was taken from.

    `at_least` and `at_most` are None for a value that is only reported.
    """

    name: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    samples: dict[str, list[float]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the limit, if there is one, is kept."""
        above = self.at_least is None or self.measured >= self.at_least
        return above and (self.at_most is None or self.measured <= self.at_most)

    @property
    def limit(self) -> str:
        """The limit in words."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"

    @property
    def verdict(self) -> str:
        """What stands in the table's last column."""
        return ("ok" if self.ok else "MISSED") if self.limit else ""


def ratio(
    name: str,
    above: str,
    below: str,
    samples: dict[str, list[float]],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Line:
    """The quotient of two medians, with the samples of both."""
    kept = {key: samples[key] for key in (above, below)}
    value = median(samples[above]) / median(samples[below])
    return Line(name=name, measured=value, at_least=at_least, at_most=at_most, samples=kept)


def print_table(lines: list[Line]) -> None:
    """The table, and the medians below each line."""
    width = max((len(line.name) for line in lines), default=0)
    print(f"\n{'what':<{width}}  {'measured':>9}  {'limit':<14}")
    for line in lines:
        print(f"{line.name:<{width}}  {line.measured:>9.3g}  {line.limit:<14} {line.verdict}")
        for key, values in line.samples.items():
            spread = f"{min(values):,.1f} - {max(values):,.1f}" if len(values) > 1 else ""
            print(f"    {key:<{width - 4}}  {median(values):>9,.1f}  {spread}")


def write_markdown(lines: list[Line], path: Path) -> None:
    """The table for docs/performance.md: what was measured, its two medians, and from where to where they went."""
    rows = ["| what | measured | limit | | samples |", "|---|---|---|---|---|"]
    for line in lines:
        samples = "; ".join(f"{key} {_spread(values)}" for key, values in line.samples.items())
        rows.append(f"| {line.name} | {line.measured:.3g} | {line.limit} | {line.verdict} | {samples} |")
    path.write_text("\n".join(rows) + "\n", "utf-8")


def _spread(values: list[float]) -> str:
    ends = f" ({min(values):,.1f} - {max(values):,.1f})" if len(values) > 1 else ""
    return f"{median(values):,.1f}{ends}"


def write_json(
    lines: Mapping[str, list[Line]], *, options: Options, seconds: float, others: float | None, path: Path
) -> None:
    """The same for programs. `lines` by measure."""
    path.parent.mkdir(exist_ok=True)
    document = {
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "took_seconds": round(seconds),
        "machine": machine.describe(),
        "used_by_others": others,
        "client": load.language(),
        "options": asdict(options),
        "lines": [{"measure": name, **asdict(line), "ok": line.ok} for name, some in lines.items() for line in some],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
