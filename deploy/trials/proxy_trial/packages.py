"""Finds a proxy's program: installed, or unpacked from Debian's package into the trial's own folder.

Nothing is installed, so no service is started and nothing is left behind, and no root is needed: `apt-get` fetches what
the machine lacks, `dpkg-deb` unpacks it, and the program finds its libraries by `LD_LIBRARY_PATH`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.trials.report import CannotTry

SECONDS = 60.0
_PLACES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")


@dataclass(frozen=True, slots=True)
class Program:
    """A program, and what it needs in its environment."""

    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def version(self, *arguments: str) -> str:
        """Returns the first line of what it says about itself. Raises CannotTry if it does not start."""
        command = [str(self.path), *arguments]
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        said = (done.stdout or done.stderr).strip().splitlines()
        if done.returncode or not said:
            raise CannotTry(f"{self.path.name} does not start: {said[-1] if said else done.returncode}")
        return said[0]


def find_program(name: str, folder: Path) -> Program:
    """Returns the program of this name, which is also the package's. Raises CannotTry if it cannot be had."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_PLACES)))
    return Program(Path(found)) if found else _unpacked(name, folder)


def _unpacked(name: str, folder: Path) -> Program:
    fetched, root = folder / f"{name}-packages", folder / f"{name}-root"
    (fetched / "partial").mkdir(parents=True)
    root.mkdir()
    _run(
        name,
        *("apt-get", "install", "--yes", "--quiet", "--download-only", "--no-install-recommends"),
        *("-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={fetched}/", "-o", "APT::Sandbox::User="),
        name,
    )
    for package in sorted(fetched.glob("*.deb")):
        _run(name, "dpkg-deb", "--extract", str(package), str(root))
    program = next((root / place / name for place in ("usr/sbin", "usr/bin") if (root / place / name).exists()), None)
    if program is None:
        raise CannotTry(f"Debian's package {name} has no program of that name")
    libraries = os.pathsep.join(str(path) for path in (root / "usr/lib").glob("*-linux-*"))
    return Program(program, {"LD_LIBRARY_PATH": libraries} if libraries else {})


def _run(name: str, *command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise CannotTry(
            f"{name} is not installed, and {command[0]} cannot fetch it: {type(problem).__name__}"
        ) from problem
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise CannotTry(f"{name} is not installed, and cannot be fetched: {said[-1] if said else done.returncode}")
