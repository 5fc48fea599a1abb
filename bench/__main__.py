"""`python -m bench [--only accepts,polls] [--repetitions N] [--seconds S]`; exit code 1 if a limit is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from bench import load, machine, report
from bench.measures import (
    Options,
    accepts,
    cancels,
    crowd,
    drain,
    latency,
    limits,
    memory,
    pages,
    polls,
    streams,
    terminal,
    webhooks,
)
from bench.programs import ProgramFailedError
from bench.report import Line
from bench.stack import Stack, start_stack
from omnify.embedded.process import CannotStart

MEASURES: dict[str, Callable[[Stack, Options], list[Line]]] = {
    "accepts": accepts.measure,
    "terminal": terminal.measure,
    "drain": drain.measure,
    "cancels": cancels.measure,
    "crowd": crowd.measure,
    "polls": polls.measure,
    "pages": pages.measure,
    "streams": streams.measure,
    "latency": latency.measure,
    "limits": limits.measure,
    "memory": memory.measure,
    "webhooks": webhooks.measure,
}


def main() -> int:
    """Measures what was asked for and reports it."""
    arguments = _arguments()
    names = [name for name in MEASURES if name in arguments.only]
    options = Options(repetitions=arguments.repetitions, seconds=arguments.seconds)
    before = machine.look()
    try:
        load.require_wrk()
        lines = _measure(names, options)
    except (load.ClientFailedError, ProgramFailedError, CannotStart, TimeoutError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    after = machine.look()
    others = machine.others_share(before, after)
    report.print_table(lines)
    if others is not None:
        print(f"\nother programs used {others:.0%} of the machine meanwhile; over a tenth, measure again")
    _write(lines, names, options, after.clock - before.clock, others)
    missed = [line.name for line in lines if not line.ok]
    print(f"\nmissed: {'; '.join(missed)}" if missed else "\nevery limit is kept")
    return 1 if missed else 0


def _measure(names: list[str], options: Options) -> list[Line]:
    lines: list[Line] = []
    with start_stack() as stack:
        for name in names:
            print(f"measuring {name} ...", flush=True)
            found = MEASURES[name](stack, options)
            report.print_table(found)
            lines += found
    return lines


def _write(lines: list[Line], names: list[str], options: Options, seconds: float, others: float | None) -> None:
    asked = {"only": names, "repetitions": options.repetitions, "seconds": options.seconds}
    path = report.RESULTS / "latest.json"
    report.write_json(lines, options=asked, seconds=seconds, others=others, path=path)
    try:
        from bench.plot import draw

        draw(lines, path.with_suffix(".png"))
    except ImportError:
        print("no plot: `pip install -r requirements-bench.txt`")
    print(f"\nwritten to {path.parent}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", type=_names, default=list(MEASURES), help=f"some of {','.join(MEASURES)}")
    parser.add_argument("--repetitions", type=int, default=3, help="of every run, interleaved; medians count")
    parser.add_argument("--seconds", type=float, default=4, help="of load in every run")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(MEASURES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
