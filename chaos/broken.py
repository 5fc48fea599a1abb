"""Builds of the service that break one promise on purpose, to see that a run finds it: `python -m chaos --broken NAME`.

A build is a copy of this tree with a few texts replaced, so the service itself has no switch for it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from chaos.faults import Fault
from omnify.embedded.programs import ROOT

SOURCES = ("bench", "chaos", "events", "omnify", "rehearsal", "worker", "manage.py", "pyproject.toml")
# A run that found a violation prints a line that begins so, under the check that found it.
FOUND = "✗"


@dataclass(frozen=True, slots=True)
class Edit:
    """A text in a file that stands there once, and what takes its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A broken build, and the faults that bring it to light."""

    edits: tuple[Edit, ...]
    hosts: str
    seconds: float
    faults: tuple[Fault, ...]


def _killed_before_commit(drains: Sequence[str], seconds: float) -> tuple[Fault, ...]:
    """One drain after the other is killed between its last statement and its commit."""
    beginnings = [2.0 + 3.0 * number for number in range(int(seconds // 3) - 1)]
    return tuple(
        Fault(at, at + 2.5, "kill between steps", drains[number % len(drains)], "drain.before_commit")
        for number, at in enumerate(beginnings)
    )


# The replicas of the queue lag and the drains do nothing, so what is queued is on the primary alone; then it dies, for
# long enough that a replica takes over on a slow machine too.
_PRIMARY_DIES_AHEAD = (
    Fault(2.0, 14.0, "freeze", "drain1"),
    Fault(2.0, 14.0, "freeze", "drain2"),
    Fault(3.0, 10.0, "cut pair", "queuea", "queueb"),
    Fault(3.0, 10.0, "cut pair", "queuea", "queuec"),
    Fault(7.0, 40.0, "kill", "queuea"),
)

BUILDS = {
    "replicas-ignored": Broken(
        edits=(
            Edit("omnify/common/replicas.py", '("WAIT", replicas, WAIT_MS)', '("WAIT", 0, WAIT_MS)'),
            Edit("omnify/common/replicas.py", "return None if counted >= replicas else", "return None if True else"),
        ),
        hosts="small",
        seconds=40.0,
        faults=_PRIMARY_DIES_AHEAD,
    ),
    "publish-before-commit": Broken(
        edits=(
            Edit("events/ledger/commit.py", "        batch.before_commit()\n", "        batch.before_commit(done)\n"),
            Edit(
                "worker/pipeline.py",
                "before_commit=self._before_commit,",
                """before_commit=lambda done: (
                self.queue.publish(
                    event=done.event,
                    outcomes=done.outcomes,
                    entries=_finished(head.entries, done),
                    since_ms=self.published.published_ms,
                ),
                self._before_commit(),
            ),""",
            ),
        ),
        hosts="small",
        seconds=15.0,
        faults=_killed_before_commit(("drain1", "drain2"), 15.0),
    ),
}


class DoesNotApply(Exception):
    """The tree has changed and the edits of a build must follow; the message says which."""


def apply(build: Broken, tree: Path) -> None:
    """Makes a copy of the tree into the build. Raises DoesNotApply."""
    for edit in build.edits:
        path = tree / edit.file
        text = path.read_text("utf-8")
        if text.count(edit.old) != 1:
            raise DoesNotApply(f"{edit.file} does not hold this once: {edit.old!r}")
        path.write_text(text.replace(edit.old, edit.new), "utf-8")


def is_caught(name: str) -> bool:
    """Runs a broken build under its faults, prints what the run prints, and tells whether it found a violation."""
    build = BUILDS[name]
    with tempfile.TemporaryDirectory(prefix="omnify-broken-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        apply(build, tree)
        (tree / "faults.json").write_bytes(msgspec.json.encode(build.faults))
        command = [sys.executable, "-m", "chaos", "--hosts", build.hosts, "--faults", "faults.json"]
        command += ["--minutes", str(build.seconds / 60), "--haste", "4"]
        done = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout)
    return done.returncode == 1 and any(line.startswith(FOUND) for line in done.stdout.splitlines())


def copy_tree(target: Path) -> None:
    """Copies what a run needs."""
    for source in SOURCES:
        path = ROOT / source
        if path.is_dir():
            shutil.copytree(path, target / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(path, target / source)
