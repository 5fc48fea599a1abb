"""`python -m chaos`: runs a service on hosts of its own through faults, and checks every answer it gave.

    python -m chaos --minutes 5 --seed 7        the faults of seed 7, again the same ones each time
    python -m chaos --seed 7 --schedule         prints them as JSON, and does nothing
    python -m chaos --faults FILE               does those of a file like that
    python -m chaos --broken NAME               breaks a copy of the service on purpose: 0 if the run finds it

Exit code 0: every promise was kept. 1: a violation. 3: this machine cannot make hosts.
"""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

import msgspec

from chaos.broken import BUILDS, is_caught
from chaos.checker import check
from chaos.faults import Fault, draw
from chaos.layout import LAYOUTS
from chaos.network import NotAllowed
from chaos.report import print_report
from chaos.run import Options, run
from omnify.embedded.process import CannotStart

VIOLATION, UNSUPPORTED = 1, 3


def main(arguments: list[str] | None = None) -> int:
    """Runs it. Returns the exit code."""
    given = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("chaos: ended from outside"))
    layout = LAYOUTS[given.hosts]
    if given.replicas is not None:
        layout = replace(layout, replicas=given.replicas)
    seconds = given.minutes * 60
    if given.broken:
        return 0 if is_caught(given.broken) else VIOLATION
    if given.faults:
        faults = msgspec.json.decode(given.faults.read_bytes(), type=list[Fault])
    else:
        faults = draw(layout, seed=given.seed, seconds=seconds, pause=given.pause)
    if given.schedule:
        print(msgspec.json.format(msgspec.json.encode(faults)).decode())
        return 0
    options = Options(layout, given.seed, seconds, given.rate, given.haste, faults, _say)
    try:
        report = run(options, given.keep)
    except NotAllowed as problem:
        print(problem, file=sys.stderr)
        return UNSUPPORTED
    except (TimeoutError, CannotStart) as problem:
        print(f"VIOLATION: {problem}")
        return VIOLATION
    violations = check(report.evidence)
    print_report(report, violations)
    return VIOLATION if any(violations.values()) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description="Faults across hosts, and a check of every answer."
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long guests come and faults strike")
    parser.add_argument("--seed", type=int, default=1, help="what the schedule of faults and the crowd are drawn from")
    parser.add_argument("--hosts", choices=sorted(LAYOUTS), default="small", help="which layout")
    parser.add_argument("--pause", type=float, default=2.5, help="mean seconds between two faults")
    parser.add_argument("--rate", type=float, default=10.0, help="guests a second")
    parser.add_argument("--haste", type=int, default=1, help="OMNIFY_HASTE of the workers")
    parser.add_argument("--replicas", type=int, help="QUEUE_REPLICAS instead of the layout's")
    parser.add_argument("--keep", type=Path, help="a folder for the history and the logs")
    parser.add_argument("--faults", type=Path, help="a schedule to do instead of one that is drawn")
    parser.add_argument("--broken", choices=sorted(BUILDS), help="break a copy of the service, and see it found")
    parser.add_argument("--schedule", action="store_true", help="only print the schedule")
    return parser


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
