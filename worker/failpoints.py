"""Points in the code where a test can stop a worker, to kill it there.

With `OMNIFY_FAULT_DIR` set, a process that hits a failpoint for which the folder holds a file of that name renames the
file to `<name>.reached` and stops until it is killed or continued (SIGCONT). Unset, as in production, nothing happens.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Literal

DrainFailpoint = Literal["drain.before_commit", "drain.after_commit", "drain.after_publish"]
DispatchFailpoint = Literal["deliver.after_claim", "deliver.before_record"]
MailFailpoint = Literal["mail.before_record"]
Failpoint = DrainFailpoint | DispatchFailpoint | MailFailpoint


def hit(failpoint: Failpoint, *, folder: str) -> None:
    """Stops the process here if `folder` holds the failpoint's file; does nothing if `folder` is empty."""
    if not folder:
        return
    try:
        (Path(folder) / failpoint).rename(Path(folder) / f"{failpoint}.reached")
    except FileNotFoundError:
        return
    # To this thread, so that it runs no further instruction; the signal stops the other threads too.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
