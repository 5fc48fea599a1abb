"""`manage.py test` runs the pytest suite, on SQLite unless DATABASE_URL says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class PytestRunner:
    """Django's TEST_RUNNER. Starts pytest in a process of its own, because the tests' servers have other addresses
    than the settings that are loaded here."""

    def __init__(self, *, verbosity: int = 1, failfast: bool = False, keepdb: bool = False, **_: Any) -> None:
        self._options = [
            *(["-v"] if verbosity > 1 else []),
            *(["-x"] if failfast else []),
            *(["--reuse-db"] if keepdb else []),
        ]

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Adds the option of Django's own runner that its callers use most."""
        parser.add_argument("--keepdb", action="store_true", help="Keep the test database.")

    def run_tests(self, test_labels: Sequence[str], **_: Any) -> int:
        """Runs the suite, or the given paths or modules, and returns pytest's exit code."""
        command = [sys.executable, "-m", "pytest", *self._options, *(as_path(label) for label in test_labels)]
        return subprocess.call(command, cwd=ROOT, env=suite_environment(os.environ))


def as_path(label: str) -> str:
    """Converts Django's label `tests.unit.test_environment` to pytest's path `tests/unit/test_environment.py`."""
    module = ROOT.joinpath(*label.split("."))
    if module.is_dir():
        return str(module)
    return f"{module}.py" if module.with_suffix(".py").is_file() else label


def suite_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the suite's database: the operator's if one is named, SQLite otherwise."""
    default = "environment" if environ.get("DATABASE_URL") else "sqlite"
    # The suite names the settings itself, once its servers have addresses; named here they would be read before.
    rest = {name: value for name, value in environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return {"OMNIFY_TEST_DATABASE": default, **rest}
