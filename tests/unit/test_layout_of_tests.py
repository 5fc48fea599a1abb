"""Where tests stand: the folder of a level holds tests and their fixtures, and `tests/support` what tests share."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LEVELS = ("unit", "integration", "acceptance", "browser")


def imported_test_modules(text: str) -> list[str]:
    """Of all names that a module imports, in its functions too, those of test modules or of something in one."""
    nodes = list(ast.walk(ast.parse(text)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module or ''}.{alias.name}" for alias in node.names]
    return [name for name in names if ".test_" in f".{name}"]


def test_no_module_imports_a_test_module() -> None:
    found = {str(path): imported_test_modules(path.read_text()) for path in TESTS.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import tests.unit.test_text",
        "from tests.unit import test_text",
        "from tests.unit.test_text import LINES",
        "def late():\n    from .test_text import LINES",
    ],
)
def test_an_import_of_a_test_module_is_found_however_it_is_written(text: str) -> None:
    assert len(imported_test_modules(text)) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_has_only_tests_and_fixtures(level: str) -> None:
    others = [path for path in (TESTS / level).rglob("*") if path.suffix != ".pyc" and path.name != "__pycache__"]
    names = {path.name for path in others if not path.match("test_*.py")}
    assert names <= {"__init__.py", "conftest.py"}


def test_every_folder_of_tests_is_a_level_or_support() -> None:
    folders = {path.name for path in TESTS.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders == {*LEVELS, "support"}
