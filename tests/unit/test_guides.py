"""The guides: every page of `docs/` is served, no link of one leads nowhere, and every error code has its section."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from events.pages.guides import library
from events.pages.guides.markdown import ERRORS, GUIDES, link, render
from omnify.common.envelope import Code

ALL = sorted({*library.guides(), library.INDEX, library.ERRORS})


class _Reader(HTMLParser):
    """Collects anchors, addresses, and the text of code blocks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.blocks: list[str] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.anchors |= {named["id"] or ""} if "id" in named else set()
        self.links += [value for name, value in attrs if name in ("href", "src") and value is not None]
        if tag == "pre":
            self._inside = True
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.blocks[-1] += data


def read(name: str) -> _Reader:
    page = library.guide(name)
    assert page is not None
    return _Reader(page.html)


@pytest.mark.parametrize("name", ALL)
def test_no_link_of_a_guide_leads_nowhere(name: str) -> None:
    reader = read(name)
    for target in reader.links:
        path, _, anchor = target.partition("#")
        if not path:
            assert anchor in reader.anchors, target
        elif path.startswith(ERRORS):
            assert path == ERRORS or path.removeprefix(f"{ERRORS}/") in library.errors(), target
        elif path.startswith(GUIDES):
            other = path.removeprefix(GUIDES).removeprefix("/") or library.INDEX
            assert library.file(other) or library.guide(other), target
            assert not anchor or anchor in read(other).anchors, target
        else:
            assert path.startswith(("https://", "http://")), target


def test_every_guide_is_in_the_list_of_all() -> None:
    listed = {target.removeprefix(f"{GUIDES}/") for target in read(library.INDEX).links}
    assert library.guides() - listed == set()


def test_pictures_come_from_here_and_nothing_else_is_loaded() -> None:
    for name in ALL:
        page = library.guide(name)
        assert page is not None
        for source in re.findall(r'src="([^"]*)"', page.html):
            assert library.file(source.removeprefix(f"{GUIDES}/")), (name, source)
        assert "<script" not in page.html


def test_a_link_to_what_is_not_served_is_its_text_alone() -> None:
    html = render("# Title\n\nSee [the code](../events/x.py), [it](x.md#y) and [this](README.md).\n").html
    assert "See the code, " in html
    assert f'<a href="{GUIDES}/x#y">it</a>' in html
    assert f'<a href="{GUIDES}">this</a>' in html
    assert link("../SECURITY.md") is None
    assert link("errors.md#sold_out") == f"{ERRORS}/sold_out"


def test_headings_have_the_anchors_that_they_have_on_github() -> None:
    page = render("# Title\n\n## Who may do *what*?\n\n## `GET /log`: a, b\n\n## Who may do what\n")
    assert [heading.anchor for heading in page.headings] == ["who-may-do-what", "get-log-a-b", "who-may-do-what-1"]


def test_html_in_a_guide_is_text() -> None:
    assert "<script" not in render("# Title\n\n<script>alert(1)</script>\n").html


def test_every_error_code_has_its_section_and_no_other() -> None:
    page = library.guide(library.ERRORS)
    assert page is not None
    assert {heading.text for heading in page.headings} == {code.value for code in Code}
    assert set(library.errors()) == {code.value for code in Code}


@pytest.mark.parametrize("code", list(Code), ids=str)
def test_a_section_says_status_advice_and_an_example_answer(code: Code) -> None:
    html = library.errors()[code]
    assert re.match(r"<p><strong>[45]\d\d</strong> · \S", html)
    assert "<strong>Do:</strong>" in html
    [block] = _Reader(html).blocks
    answer = json.loads(block)
    assert list(answer) == ["success", "code", "message", "errors"]
    assert (answer["success"], answer["code"]) == (False, code.value)
