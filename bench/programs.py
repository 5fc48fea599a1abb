"""Programs under test: started the way `make run` starts them, each with a log, and ended by the run."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from omnify.embedded.process import Child, start_child, wait_for

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 20.0


class ProgramFailedError(Exception):
    """A program under test went down during the run."""


@contextlib.contextmanager
def python(name: str, arguments: Sequence[str], *, home: Path, env: Mapping[str, str]) -> Iterator[Child]:
    """Runs `python -m <arguments>`; raises ProgramFailedError if it does not live to the end."""
    log = home / "log" / f"{name}.log"
    child = start_child(name, [sys.executable, "-m", *arguments], log=log, env=env, cwd=ROOT)
    try:
        yield child
        if not child.running:
            raise ProgramFailedError(f"{name}: {child.ending()}; {child.last_words()}")
    finally:
        child.stop(STOP_SECONDS)


def wait_for_port(child: Child, port: int) -> None:
    """Returns when `child` accepts connections. Raises CannotStart."""

    def listens() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    wait_for(child, listens, seconds=START_SECONDS)
    time.sleep(1.0)  # the port is open before all workers are
