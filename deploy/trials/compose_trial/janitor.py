"""Removes the trial's folder and control groups when the trial has ended, in whatever way.

It is a process of its own (`python -m deploy.trials.compose_trial.janitor`): its standard input closes when the trial
is gone, also when that was killed. The kernel ends the engine and its containers then (`engine`); mounts and networks
go with their namespaces. What is to be removed comes by standard input, since the trial looks for processes that name
its folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from deploy.trials.compose_trial.engine import processes_that_name, remove_groups
from deploy.trials.compose_trial.images import ROOT
from deploy.trials.report import wait_until

ENDED_SECONDS = 60


class Janitor:
    """Waits for the end of this process, or for `stop`."""

    def __init__(self, folder: Path, group: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy.trials.compose_trial.janitor"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C is for the trial
        )
        assert self._process.stdin is not None
        self._process.stdin.write(f"{folder}\n{group}\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        """Lets it remove all of that now."""
        self._process.communicate()


def main() -> None:
    """Waits until standard input ends, then removes."""
    folder, group = sys.stdin.read().splitlines()
    wait_until(lambda: not processes_that_name(folder), seconds=ENDED_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
    remove_groups(group)


if __name__ == "__main__":
    main()
