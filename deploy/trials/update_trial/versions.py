"""The two versions of the code: this checkout, and an earlier commit in a git worktree with packages to match."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.trials.report import CannotTry

ROOT = Path(__file__).resolve().parent.parent.parent.parent
_LOCK = "requirements.lock"
_MIGRATIONS = "events/migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the code: its folder, the interpreter that has its packages, and a name for the output."""

    name: str
    root: Path
    python: Path

    def migrations(self) -> set[str]:
        """Lists the names of its migrations."""
        return {path.stem for path in (self.root / _MIGRATIONS).glob("0*.py")}

    @property
    def knows_health_door(self) -> bool:
        """Whether its doors answer `/health/door`; what was released before it did is asked `/health/live`."""
        return "health/door" in (self.root / "omnify" / "urls.py").read_text("utf-8")


@contextmanager
def earlier_version(folder: Path, commit: str | None) -> Iterator[Version]:
    """Checks `commit` out into `folder`, and removes it afterwards. Without one: what was before the newest migration.

    Raises:
        CannotTry: there is no such commit, or its packages cannot be installed.
    """
    name = earlier_commit(commit)
    root = folder / "earlier"
    _git("worktree", "add", "--quiet", "--detach", str(root), name)
    try:
        yield Version(name=name, root=root, python=_python_for(root))
    finally:
        _git("worktree", "remove", "--force", str(root))


def earlier_commit(commit: str | None) -> str:
    """Returns the short name of `commit`, or of what was before the newest migration. Raises CannotTry."""
    return _git("rev-parse", "--short", f"{commit}^{{commit}}" if commit else f"{_newest_migration()}^")


def this_version() -> Version:
    """Returns this checkout, with whatever is changed in it."""
    return Version(name="this checkout", root=ROOT, python=Path(sys.executable))


def _newest_migration() -> str:
    found = _git("log", "--max-count=1", "--diff-filter=A", "--format=%H", "--", f"{_MIGRATIONS}/0*.py")
    if not found:
        raise CannotTry("the history that is here adds no migration: name a commit with --from")
    return found


def _python_for(root: Path) -> Path:
    """Returns this interpreter where the packages are the same, else one of an environment that is made there."""
    if (root / _LOCK).read_bytes() == (ROOT / _LOCK).read_bytes():
        return Path(sys.executable)
    command = [sys.executable, "-I", "omnify/embedded/packages.py", _LOCK]
    made = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if made.returncode:
        raise CannotTry(f"the earlier version's packages cannot be installed: {made.stderr.strip()[-300:]}")
    return root / ".venv" / "bin" / "python"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CannotTry("git is needed") from None
    if done.returncode:
        raise CannotTry(f"git {arguments[0]}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return done.stdout.strip()
