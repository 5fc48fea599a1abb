"""A rehearsal that registers people while the ledger is backed up, where an operator has no traffic to drill with."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from events.management.ledger_drill.backup import CannotDrill
from events.management.ledger_drill.contents import reading, rows

_ROOT = Path(__file__).resolve().parent.parent.parent.parent
# Long enough that some come behind the backup.
_SECONDS = 20
_UNDER_WAY_SECONDS = 60.0
_DECIDED = "SELECT coalesce(sum(last_sequence), 0) FROM events_event"


class Crowd:
    """Those who register meanwhile; none if there is no process."""

    def __init__(self, process: subprocess.Popen[str] | None = None) -> None:
        self._process = process

    def wait(self) -> None:
        """Returns when the last of them has been decided. Raises CannotDrill: the rehearsal failed."""
        if self._process is None:
            return
        told, _ = self._process.communicate()
        if self._process.returncode:
            raise CannotDrill(f"the rehearsal meanwhile failed: {(told.strip().splitlines() or ['?'])[-1]}")


def crowd_while(people: int, live: str) -> AbstractContextManager[Crowd]:
    """Sends so many people to the running service, in the `with` block. It begins when the first have been decided."""
    return _sent(people, live) if people else nullcontext(Crowd())


@contextmanager
def _sent(people: int, live: str) -> Iterator[Crowd]:
    before = _decided(live)
    asked = {"people": people, "seats": max(1, people // 2), "rate": max(1, people // _SECONDS)}
    command = [sys.executable, "-m", "rehearsal", *(f"--{name}={value}" for name, value in asked.items())]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        crowd, until = Crowd(process), time.monotonic() + _UNDER_WAY_SECONDS
        while _decided(live) == before:
            if process.poll() is not None:
                crowd.wait()
            if time.monotonic() > until:
                raise CannotDrill("the rehearsal meanwhile does not get going: is the service running?")
            time.sleep(0.05)
        yield crowd
    finally:
        process.kill()
        process.wait()


def _decided(live: str) -> int:
    with reading(live) as connection:
        return int(rows(connection, _DECIDED)[0][0])
