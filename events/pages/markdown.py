"""Descriptions of events: Markdown (CommonMark) as HTML that may stand on a page, and as plain text.

HTML in the source is text, images are their descriptions, and headings stand below those of the page. What comes out
is cleaned once more by another library, so that a mistake of the first one runs no script.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

# The page's own headings are h1 and h2.
_LEVELS = {"h1": "h3", "h2": "h4", "h3": "h5"}
_TAGS = {
    *("p", "br", "hr", "em", "strong", "a", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("h3", "h4", "h5", "h6"),
}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_SUMMARY = 200


def _describe_image(
    self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    return escapeHtml(tokens[idx].content)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.add_render_rule("image", _describe_image)
    return parser


_PARSER = _parser()


@lru_cache(maxsize=512)
def as_html(markdown: str) -> str:
    """Renders a description. The result needs no escaping; the same text is rendered once."""
    tokens = _PARSER.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = _LEVELS.get(token.tag, "h6")
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="nofollow noopener noreferrer"
    )


@lru_cache(maxsize=512)
def as_summary(markdown: str) -> str:
    """Returns the beginning of a description as plain text on one line, for previews of links."""
    line = " ".join(" ".join(_texts(_PARSER.parse(markdown))).split())
    if len(line) <= _SUMMARY:
        return line
    return f"{line[:_SUMMARY].rsplit(' ', 1)[0]} …"


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(_words(token.children or ()))
        elif token.type in ("fence", "code_block"):
            yield token.content


def _words(children: Sequence[Token]) -> Iterator[str]:
    for child in children:
        if child.type in ("text", "code_inline", "image"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
