"""The kernel ends what a trial has started, however the trial itself ends."""

from __future__ import annotations

import sys

# Before a command's words. Linux alone has it; it is bound to the thread that starts the command.
DIES_WITH_THE_TRIAL = ("setpriv", "--pdeathsig=KILL") if sys.platform == "linux" else ()
