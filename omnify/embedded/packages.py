"""Makes `.venv` and installs the packages of a lock file, verified by hash. A script that needs only the standard
library:

    python3 omnify/embedded/packages.py requirements.lock

Does nothing if the file has not changed since the last installation. A lock makes concurrent starts safe.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main(names: list[str]) -> None:
    """Installs each lock file that has changed since it was installed. Exits with one line if that fails."""
    try:
        VENV.mkdir(exist_ok=True)
        with (VENV / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _make_venv()
            for name in names:
                _install(ROOT / name)
    except OSError as problem:
        sys.exit(f"omnify: packages cannot be installed in {VENV}: {problem.strerror}")


def _make_venv() -> None:
    if _works([str(PYTHON), "-m", "pip", "--version"]):
        return
    _say(f"making {VENV.name} with Python {sys.version.split()[0]}")
    try:
        venv.create(VENV, with_pip=True, upgrade_deps=False)
    except subprocess.CalledProcessError:
        sys.exit("omnify: this Python cannot make a virtual environment (on Debian: apt install python3-venv)")


def _install(lock: Path) -> None:
    # The interpreter's version too: another one needs other wheels.
    wanted = f"{sys.version.split()[0]}\n{lock.read_text('utf-8')}"
    stamp = VENV / f".installed-{lock.name}"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    _say(f"installing {lock.name} (about a minute the first time)")
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)]
    if subprocess.call(pip, cwd=ROOT):
        sys.exit(f"omnify: {lock.name} could not be installed; pip says why above")
    stamp.write_text(wanted, "utf-8")


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _say(line: str) -> None:
    sys.stdout.write(f"omnify: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
