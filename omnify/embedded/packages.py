"""Makes `.venv` and installs what a requirements file names. Run as a script, with only the standard library:

    python3 omnify/embedded/packages.py requirements.txt

Does nothing when the file is what was installed last. A lock lets several copies start from one checkout at once.
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
    """Installs each file that has changed since it was installed; one line and an exit code if that fails."""
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


def _install(requirements: Path) -> None:
    wanted = _contents(requirements)
    stamp = VENV / f".installed-{requirements.name}"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    _say(f"installing {requirements.name} (about a minute the first time)")
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(requirements)]
    if subprocess.call(pip, cwd=ROOT):
        sys.exit(f"omnify: {requirements.name} could not be installed; pip says why above")
    stamp.write_text(wanted, "utf-8")


def _contents(requirements: Path) -> str:
    """The file with those it includes, and the interpreter: another one needs other wheels."""
    lines = [sys.version.split()[0]]
    for line in requirements.read_text("utf-8").splitlines():
        lines.append(line)
        if line.startswith("-r "):
            lines.append(_contents(requirements.with_name(line[3:].strip())))
    return "\n".join(lines)


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
