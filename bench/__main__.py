"""`python -m bench [NAME ...] [--repetitions N] [--seconds S] [--tiny]`, `python -m bench compare BEFORE AFTER`, and
`python -m bench capacity`.

Without names it measures everything. It ends with 1 if a figure falls short of its limit, with 2 if a measure did not
run to its end; the others are measured all the same.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import capacity, compare, load, machine, report
from bench.lines import Line
from bench.measures import TINY, Options, measures
from bench.stack import start_stack

MEASURES = measures()


@dataclass(slots=True)
class Found:
    """What was measured, by measure, and the measures that broke."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    @property
    def all_lines(self) -> list[Line]:
        """All of them."""
        return [line for lines in self.lines.values() for line in lines]

    @property
    def short(self) -> list[str]:
        """The lines whose limit is not kept."""
        return [line.name for line in self.all_lines if not line.ok]


def main(words: Sequence[str]) -> int:
    """Measures what was asked for and reports it, compares two reports, or reckons what a crowd needs."""
    if words[:1] == ["compare"]:
        return compare.main(words[1:])
    if words[:1] == ["capacity"]:
        return capacity.main(words[1:])
    arguments = _arguments(words)
    options = TINY if arguments.tiny else Options(repetitions=arguments.repetitions, seconds=arguments.seconds)
    began = machine.look()
    found = _measure([name for name in MEASURES if name in (arguments.names or MEASURES)], options)
    run = report.facts(options, began=began, ended=machine.look())
    report.print_table(found.all_lines)
    print(f"\n{run.sentence()}")
    if run.others is not None and run.others > 0.1:
        print("other programs used over a tenth of the machine: measure again")
    if load.language() != "C":
        print("the load generator was the one in Python, which takes much from what it measures; a C compiler helps")
    report.write_json(found.lines, run, arguments.json)
    report.write_markdown(found.all_lines, run, arguments.json.with_suffix(".md"))
    _draw(found, arguments.json)
    return verdict(found, judged=not arguments.tiny)


def _measure(names: list[str], options: Options) -> Found:
    found = Found()
    # A tiny run is mostly the start of its programs.
    with start_stack(**({"WEB_WORKERS": "1"} if options == TINY else {})) as stack:
        for name in names:
            print(f"measuring {name} ...", flush=True)
            started = time.monotonic()
            try:
                found.lines[name] = MEASURES[name](stack, options)
                report.print_table(found.lines[name])
            except Exception:
                traceback.print_exc()
                found.broken.append(name)
            print(f"\n{name} took {time.monotonic() - started:.0f} s")
    return found


def _draw(found: Found, path: Path) -> None:
    try:
        from bench.plot import draw

        draw(found.all_lines, path.with_suffix(".png"))
    except ImportError:
        print("no plot: `pip install -r requirements-bench.txt`")
    print(f"\nwritten to {path.parent}")


def verdict(found: Found, *, judged: bool) -> int:
    """Says what fell short, and returns the exit status."""
    if found.broken:
        print(f"\nbroke: {', '.join(found.broken)}")
        return 2
    if not judged:
        print("\nevery measure ran to its end; figures of so short a run say nothing")
        return 0
    print(f"\nSHORT: {'; '.join(found.short)}" if found.short else "\nevery limit is kept")
    return 1 if found.short else 0


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", type=_name, metavar="NAME", help=f"some of {', '.join(MEASURES)}")
    parser.add_argument("--repetitions", type=int, default=5, help="of every run, interleaved; medians count")
    parser.add_argument("--seconds", type=float, default=1.5, help="of load in every run, after the warm-up")
    parser.add_argument("--tiny", action="store_true", help="only see that every measure runs, in half a minute")
    parser.add_argument("--json", type=Path, default=report.RESULTS / "latest.json", help="where to write the results")
    return parser.parse_args(words)


def _name(text: str) -> str:
    if text not in MEASURES:
        raise argparse.ArgumentTypeError(f"unknown: {text}; known: {', '.join(MEASURES)}")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
