"""Stylesheets say start and end, not left and right: pages turn round by themselves where a language runs that way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from events.pages import files

STYLESHEETS = sorted(Path(files.__file__).parent.glob("assets/**/*.css"))
PHYSICAL = re.compile(
    r"(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)\b|(?<![\w-])(?:left|right)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)"
    # Four values, of which the second and the fourth differ.
    r"|(?:margin|padding|inset)\s*:\s*[^\s;]+ ([^\s;]+) [^\s;]+ (?!\1;)[^\s;]+;"
)


@pytest.mark.parametrize("path", STYLESHEETS, ids=lambda path: path.name)
def test_a_stylesheet_says_start_and_end(path: Path) -> None:
    found = [line for line in path.read_text("utf-8").splitlines() if PHYSICAL.search(line)]
    assert found == []


def test_left_and_right_are_found() -> None:
    wrong = ["margin-left: 1rem;", "{ left: 0; }", "text-align: right;", "padding: 0 1rem 0 2rem;"]
    right = ["margin-inline-start: 1rem;", "inset-inline-start: 0;", "text-align: end;", "padding: 0 1rem 2rem 1rem;"]
    assert [bool(PHYSICAL.search(text)) for text in wrong + right] == [True] * 4 + [False] * 4
