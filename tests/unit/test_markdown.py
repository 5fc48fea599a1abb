"""Descriptions: what Markdown becomes on a page, and what never gets there."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.pages.markdown import as_html, as_summary

_TAG = re.compile(r"<(/?)([a-z0-9]+)((?: [a-z]+=\"[^\"<>]*\")*)>")
_ALLOWED = {"p", "br", "hr", "em", "strong", "a", "ul", "ol", "li", "blockquote", "pre", "code", "h3", "h4", "h5", "h6"}


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("", ""),
        ("**Bold** and *more*", "<p><strong>Bold</strong> and <em>more</em></p>\n"),
        ("# A\n## B\n### C\n###### F", "<h3>A</h3>\n<h4>B</h4>\n<h5>C</h5>\n<h6>F</h6>\n"),
        ("<b>no</b>", "<p>&lt;b&gt;no&lt;/b&gt;</p>\n"),
        ("![the *hall* <i>](https://example.org/x.png)", "<p>the *hall* &lt;i&gt;</p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        (
            "[site](https://example.org/?a=1&b=2)",
            '<p><a href="https://example.org/?a=1&amp;b=2" rel="nofollow noopener noreferrer">site</a></p>\n',
        ),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert as_html(markdown) == html


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a](data:text/html;base64,x)",
        "<javascript:alert(1)>",
        '[a](https://example.org "x\\" onmouseover=alert(1)")',
        "![x](https://example.org/x.png)",
        "<img src=x onerror=alert(1)>",
        "```html onload=alert(1)\n</code></pre><script>\n```",
        "[a]: javascript:alert(1)\n\n[a]",
    ],
)
def test_nothing_in_a_description_runs_or_loads_anything(markdown: str) -> None:
    html = as_html(markdown)
    assert not re.search(r"<(script|img|iframe|style)|<[^>]* on[a-z]+=|href=\"(javascript|data)", html, re.IGNORECASE)


@given(st.text(alphabet=st.sampled_from("ab <>\"&[]()!*_`#-\n\\:/='1."), max_size=60))
def test_whatever_is_written_only_known_tags_come_out(markdown: str) -> None:
    html = as_html(markdown)
    assert {tag[2] for tag in _TAG.finditer(html)} <= _ALLOWED
    assert "<" not in _TAG.sub("", html)


def test_a_summary_is_one_line_of_plain_text() -> None:
    text = "# Programme\n\n*Two* sets, `one` break\nand ![a photo](x.png).\n\n- [food](https://example.org)"
    assert as_summary(text) == "Programme Two sets, one break and a photo. food"


def test_a_long_summary_ends_between_two_words() -> None:
    assert as_summary("word " * 100) == " ".join(["word"] * 40) + " …"
    assert len(as_summary("x" * 10_000)) <= 202
