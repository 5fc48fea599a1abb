"""Code and docs use the project's words, each with one meaning, and plain English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("events", "omnify", "rehearsal", "worker")
CODE = {".py", ".lua", ".js", ".ts", ".html", ".css", ".sh", ".c"}
# The word, and what to say instead.
REPLACED = {
    "Standing": "TicketStatus",
    "HungUp": "ClientDisconnected",
    "WhileConnected": "cancel_on_disconnect",
    "let_go": "disconnect_watchers",
    "GateClosed": "QueueUnavailable",
    "LedgerAway": "DatabaseUnavailable",
    "Courier": "Dispatcher",
    "Scribe": "RequestSigner",
    "Patience": "SharedTimeout",
    "settle_heap": "freeze_gc",
    "reorder_closing": "requeue_closing",
    "bury_lost": "mark_lost",
    "show_again": "republish",
    "broken_promises": "durability_problems",
    "_Clerk": "_Allocator",
    "shown_ms": "published_ms",
    "FIRST_ROOM": "FIRST_CLAIM_AHEAD",
    "places?_of": "position or columns_with",
    "waitlist places?": "waitlist position, waitlist capacity",
    "places? in line": "position in line",
    "places? (on|left on) the waitlist": "position on the waitlist",
    "(holds?|held) (a|no) place": "has a seat or a position on the waitlist",
}
RIDDLES = {
    "somebody": "a person, a client, someone",
    "nobody": "no one, or who it is",
    "everybody": "everyone",
    "anybody": "anyone, others",
    "whoever": "those who, or who it is",
    "for ever": "without end, permanently",
    "what became of": "the result of",
    "of (its|their) own kind": "of the same kind",
}
# PostgreSQL runs as the user `nobody` where root starts it; a constraint keeps the name that it has in databases.
ALLOWED = re.compile(r"[`'\"]nobody[`'\"]|runs as nobody;|event_nobody_waits_beside_a_seat")
# The first lines of proofs are claims: a rehearsal prints them behind ✓ or ✗.
PROOFS = (
    "",
    "admission_",
    "code_",
    "count_",
    "draw_",
    "group_",
    "hold_",
    "receipt_",
    "unlikely_",
    "waitlist_",
    "webhook_",
)
CLAIMS = {f"{about}proofs.py" for about in PROOFS}
LONGEST_LINE = 120


def _files() -> Iterator[Path]:
    for folder in (*PACKAGES, "bench", "chaos", "clients", "deploy", "examples"):
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in CODE)
    # This file names the words.
    yield from (path for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__))
    yield from _docs()
    yield from (ROOT / name for name in ("Makefile", "Dockerfile", "docker-compose.yml"))


def _docs() -> Iterator[Path]:
    yield from sorted((ROOT / "docs").glob("*.md"))
    yield from sorted((ROOT / "clients").glob("*/README.md"))
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))


def _found(words: dict[str, str], flags: int = 0, edges: tuple[str, str] = (r"\b", r"\b")) -> list[str]:
    pattern = re.compile(rf"{edges[0]}(?:{'|'.join(words)}){edges[1]}", flags)
    return [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in _files()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        for match in pattern.finditer(ALLOWED.sub("", line))
    ]


def test_words_that_were_replaced_do_not_come_back() -> None:
    assert _found(REPLACED) == [], REPLACED


def test_english_is_plain() -> None:
    # Also within a name, as in `test_nobody_waits`.
    assert _found(RIDDLES, re.IGNORECASE, ("(?<![a-z])", "(?![a-z])")) == [], RIDDLES


def test_the_first_line_of_a_function_says_what_it_does() -> None:
    """Verb first: "Returns", "Builds", "Tells". A property is named like a thing, and described like one."""
    found = []
    for package in (*PACKAGES, "clients"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" in path.parts or path.name in CLAIMS:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_property(node):
                    continue
                text = ast.get_docstring(node)
                if text and not re.match(r"[A-Z][a-z-]+s\b", text):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}: {text.splitlines()[0]}")
    assert found == []


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_every_package_says_what_it_is() -> None:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    silent = [
        str(folder.relative_to(ROOT))
        for folder in sorted(folders)
        if folder.name not in ("migrations", "management", "commands")
        and not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]
    assert silent == []


def test_lines_of_docs_fit_a_screen() -> None:
    """Tables and code cannot be wrapped."""
    found = []
    for path in _docs():
        fenced = False
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            fenced ^= line.startswith("```")
            if len(line) > LONGEST_LINE and not fenced and not line.startswith(("|", "    ", "![", "[!", "<")):
                found.append(f"{path.relative_to(ROOT)}:{number}: {len(line)} characters")
    assert found == []
