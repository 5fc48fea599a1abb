"""The project's own Markdown as HTML: headings with anchors, tables, and links that lead from page to page.

Not `events.pages.markdown`, which renders what organizers write: this text is ours, and may have all that CommonMark
has, and tables. HTML in it is text all the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

GUIDES, ERRORS = "/docs/guides", "/docs/errors"
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_PAGE = re.compile(r"(?P<name>[A-Za-z0-9-]+)\.md(?:#(?P<anchor>.+))?")
_FILE = re.compile(r"[a-z0-9-]+\.(?:png|json)")
_INDEX, _ERROR_PAGE = "README", "errors"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a page."""

    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page: its title, the HTML without the title's heading, and the headings of the second level."""

    title: str
    html: str
    headings: Sequence[Heading]


def render(markdown: str) -> Rendered:
    """Renders a page, which begins with its title. The HTML needs no escaping."""
    tokens = _parsed(markdown)
    title = tokens[1].content
    headings = [
        Heading(str(token.attrs["id"]), tokens[index + 1].content.replace("`", ""))
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    return Rendered(title, _html(tokens[3:]), headings)


def sections(markdown: str) -> dict[str, str]:
    """Renders what stands below each heading of the second level, by the heading's text."""
    tokens = _parsed(markdown)
    starts = [index for index, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    ends = [*starts[1:], len(tokens)]
    return {tokens[start + 1].content: _html(tokens[start + 3 : end]) for start, end in zip(starts, ends, strict=True)}


def _html(tokens: Sequence[Token]) -> str:
    html: str = _PARSER.renderer.render(tokens, _PARSER.options, {})
    # A table that is wider than a phone scrolls by itself.
    return html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")


def _parsed(markdown: str) -> list[Token]:
    tokens = _PARSER.parse(markdown)
    taken: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _anchor(tokens[index + 1].content, taken))
        elif token.type == "inline":
            token.children = _linked(token.children or [])
    return tokens


def _anchor(text: str, taken: dict[str, int]) -> str:
    """Makes a heading's anchor as GitHub does, so that one link works there and here."""
    anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    taken[anchor] = taken.get(anchor, -1) + 1
    return f"{anchor}-{taken[anchor]}" if taken[anchor] else anchor


def _linked(tokens: Sequence[Token]) -> list[Token]:
    """Rewrites links and pictures. A link to what is not served, such as source code, becomes its text."""
    kept: list[Token] = []
    dropped = False
    for token in tokens:
        if token.type == "link_open":
            target = link(str(token.attrs["href"]))
            dropped = target is None
            token.attrs["href"] = target or ""
        elif token.type == "image":
            token.attrs["src"] = link(str(token.attrs["src"])) or ""
            # The renderer takes the words of a picture from its children.
            token.attrs["loading"] = "lazy"
        if not (dropped and token.type in ("link_open", "link_close")):
            kept.append(token)
        dropped = dropped and token.type != "link_close"
    return kept


def link(target: str) -> str | None:
    """Returns where a link of `docs/` leads here; None if what it leads to is not served."""
    if target.startswith(("https://", "http://", "#", "/")):
        return target
    found = _PAGE.fullmatch(target)
    if found:
        name, anchor = found["name"], found["anchor"] or ""
        if name == _ERROR_PAGE:
            return f"{ERRORS}/{anchor}" if anchor else ERRORS
        return (GUIDES if name == _INDEX else f"{GUIDES}/{name}") + (f"#{anchor}" if anchor else "")
    return f"{GUIDES}/{target}" if _FILE.fullmatch(target) else None
