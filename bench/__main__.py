"""`python -m bench [--only accepts,polls] [--repetitions N] [--seconds S] [--tiny]`

Ends with 1 if a limit is missed, with 2 if a measure did not run to its end; the others are measured all the same.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from bench import load, machine, report
from bench.measures import TINY, Options, measures
from bench.report import Line
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
    def missed(self) -> list[str]:
        """The lines whose limit is not kept."""
        return [line.name for line in self.all_lines if not line.ok]


def main() -> int:
    """Measures what was asked for and reports it."""
    arguments = _arguments()
    options = TINY if arguments.tiny else Options(repetitions=arguments.repetitions, seconds=arguments.seconds)
    before = machine.look()
    found = _measure([name for name in MEASURES if name in arguments.only], options)
    after = machine.look()
    others = machine.others_share(before, after)
    report.print_table(found.all_lines)
    if others is not None:
        print(f"\nother programs used {others:.0%} of the machine meanwhile; over a tenth, measure again")
    if load.language() != "C":
        print("the load generator was the one in Python, which takes much from what it measures; a C compiler helps")
    report.write_json(
        found.lines, options=options, seconds=after.clock - before.clock, others=others, path=arguments.json
    )
    report.write_markdown(found.all_lines, arguments.json.with_suffix(".md"))
    _draw(found, arguments.json)
    return _verdict(found, judged=not arguments.tiny)


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


def _verdict(found: Found, *, judged: bool) -> int:
    if found.broken:
        print(f"\nbroke: {', '.join(found.broken)}")
        return 2
    if not judged:
        print("\nevery measure ran to its end; figures of so short a run say nothing")
        return 0
    print(f"\nmissed: {'; '.join(found.missed)}" if found.missed else "\nevery limit is kept")
    return 1 if found.missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", type=_names, default=list(MEASURES), help=f"some of {','.join(MEASURES)}")
    parser.add_argument("--repetitions", type=int, default=3, help="of every run, interleaved; medians count")
    parser.add_argument("--seconds", type=float, default=4, help="of load in every run")
    parser.add_argument("--tiny", action="store_true", help="only see that every measure runs, in half a minute")
    parser.add_argument("--json", type=Path, default=report.RESULTS / "latest.json", help="where to write the results")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(MEASURES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
