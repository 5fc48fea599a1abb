"""Places where a test can stop a worker and kill it.

With `OMNIFY_FAULT_DIR` set, a process that reaches a failpoint for which the folder holds a file of that name renames
the file to `<name>.reached` and stops there until it is killed or told to go on (SIGCONT). Unset, as in production,
nothing happens.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Literal

DrainFailpoint = Literal["drain.before_commit", "drain.after_commit", "drain.after_publish"]
DispatchFailpoint = Literal["deliver.after_claim", "deliver.before_record"]
Failpoint = DrainFailpoint | DispatchFailpoint


def hit(failpoint: Failpoint, *, folder: str) -> None:
    """Stops here if a test wants it."""
    if not folder:
        return
    try:
        (Path(folder) / failpoint).rename(Path(folder) / f"{failpoint}.reached")
    except FileNotFoundError:
        return
    # Sent to this thread: it stops before it does anything else, and all others with it.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
