"""`python -m omnify.embedded [--parent PID]`: what `make run` does when the packages are installed.

With `--parent` (make's process id) the service stops when that process dies, so that killing `make` stops everything.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

from omnify.embedded.exec_child import die_with_parent
from omnify.embedded.process import CannotStart
from omnify.embedded.supervisor import Supervisor


def main() -> int:
    """Runs the supervisor. Returns the exit code; a start that fails prints why, in one line."""
    parser = argparse.ArgumentParser(prog="python -m omnify.embedded", description="Runs all of Omnify.")
    parser.add_argument("--parent", type=int, help="stop when this process, the parent, has died")
    parent = parser.parse_args().parent
    try:
        supervisor = Supervisor(_home(), _port(os.environ.get("PORT", "")), say)
        if parent:
            die_with_parent(parent, signal.SIGTERM)
        supervisor.run()
    except (CannotStart, OSError) as problem:
        with suppress(OSError):
            sys.stderr.write(f"omnify: {problem}\n")
        return 1
    return 0


def say(line: str) -> None:
    """Prints a line for the user. A closed terminal is not an error."""
    with suppress(OSError):
        sys.stdout.write(f"omnify: {line}\n")
        sys.stdout.flush()


def _home() -> Path:
    return Path(os.environ.get("OMNIFY_HOME") or ".omnify").absolute()


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{0,5}", text) or not 0 < int(text or 8000) < 65_536:
        raise CannotStart(f"PORT: {text!r} is not a port number")
    return int(text or 8000)


if __name__ == "__main__":
    sys.exit(main())
