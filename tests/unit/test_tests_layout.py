"""Where tests stand: the folder of a level holds tests and their fixtures, and `tests/support` what tests share."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.on_sqlite import BRIEFLY_ON_SQLITE, SAME_ON_ANY_DATABASE

TESTS = Path(__file__).parents[1]
SOURCES = (
    "bench",
    "chaos",
    "clients",
    "deploy",
    "docs",
    "events",
    "examples",
    "omnify",
    "rehearsal",
    "tests",
    "worker",
)
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


# Less than a second is the pace of a loop, or a moment that the test itself has chosen.
A_DEADLINE = re.compile(r"\.(?:wait|join|result|timeout)\((?:timeout=)?([1-9][\d.]*)\)|wait_for\(.*, ([1-9][\d.]*)\)")


def short_deadlines(text: str) -> list[str]:
    """Waits that a busy machine may need longer for: what comes late must not fail a test."""
    return [found[0] for found in A_DEADLINE.finditer(text) if float(found[1] or found[2]) < 60]


def test_no_wait_for_a_thread_or_a_task_is_given_up_within_a_minute() -> None:
    found = {str(path): short_deadlines(path.read_text()) for path in TESTS.rglob("*.py")}
    assert {path: waits for path, waits in found.items() if waits} == {}


@pytest.mark.parametrize(
    "wait", ["done.wait(N)", "thread.join(timeout=N)", "asyncio.wait_for(task(), N)", "x.result(N)"]
)
def test_a_short_deadline_is_found_however_it_is_written(wait: str) -> None:
    assert len(short_deadlines(wait.replace("N", "9.5"))) == 1
    assert short_deadlines(wait.replace("N", "100")) == short_deadlines(wait.replace("N", "0.01")) == []


def names_of_sources() -> set[str]:
    """Modules and folders, alone and with folders before them: `stream`, `door_stream`, `events_door_stream`."""
    paths = [Path("requirements")]
    for source in SOURCES:
        found = [TESTS.parent / source, *(TESTS.parent / source).rglob("*")]
        paths += [path.relative_to(TESTS.parent).with_suffix("") for path in found if "__" not in str(path)]
    return {"_".join(path.parts[start:]) for path in paths for start in range(len(path.parts))}


@pytest.mark.parametrize("level", ["unit", "integration"])
def test_a_file_is_named_after_what_it_tests(level: str) -> None:
    sources = names_of_sources()
    riddles = []
    for path in (TESTS / level).glob("test_*.py"):
        words = path.stem.split("_")[1:]
        if not any("_".join(words[:end]) in sources for end in range(1, len(words) + 1)):
            riddles.append(path.name)
    assert riddles == []


def test_files_that_are_chosen_for_a_database_are_there() -> None:
    """And none is chosen that is left out before."""
    there = {path.name for path in (TESTS / "integration").glob("test_*.py")}
    assert {*BRIEFLY_ON_SQLITE, *SAME_ON_ANY_DATABASE} <= there
    assert set(BRIEFLY_ON_SQLITE).isdisjoint(SAME_ON_ANY_DATABASE)
