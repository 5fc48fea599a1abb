"""The widget's script: one file made of modules, which asks of a page no more than to run it."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

from events.pages import widget
from events.pages.widget_texts import widget_texts
from omnify.common.languages import OFFERED

MODULES = sorted((Path(widget.__file__).parent / "assets" / "widget").glob("*.js"))
TOP_LEVEL = re.compile(r"^(?:export )?(?:async )?(?:const|let|class|function)\*? (\w+)", re.MULTILINE)


def plain() -> str:
    return widget.widget()[0].plain.decode()


def test_its_modules_stand_in_one_function_without_imports() -> None:
    text = plain()
    assert re.search(r"^\s*(?:import|export)\b", text, re.MULTILINE) is None
    for path in MODULES:
        for name in TOP_LEVEL.findall(path.read_text("utf-8")):
            assert re.search(rf"^(?:async )?(?:const|let|class|function) {name}\b", text, re.MULTILINE), (path, name)


def test_no_two_of_its_modules_use_one_name() -> None:
    """They share a scope: the second would be an error, or worse."""
    names = Counter(TOP_LEVEL.findall(plain()))
    assert [name for name, times in names.items() if times > 1] == []


def test_what_strict_policies_forbid_is_not_in_it() -> None:
    code = "".join(path.read_text("utf-8") for path in MODULES)
    for forbidden in ("eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", ".style", '"style"'):
        assert forbidden not in code, forbidden
    assert "url(" not in (MODULES[0].parent / "widget.css").read_text("utf-8")


def test_every_text_that_it_says_is_there_in_every_language() -> None:
    texts = widget_texts()
    assert list(texts) == list(OFFERED)
    code = "".join(path.read_text("utf-8") for path in MODULES)
    said = set(re.findall(r'\bsay(?:Count)?\("([\w-]+)"', code))
    for lists in texts.values():
        known = {name.partition(".")[0] for name in lists["texts"]}
        assert said <= known, said - known
        assert all(texts for name, texts in lists.items() if name != "direction")
    assert texts["de"]["texts"]["open-ticket"] != texts["en"]["texts"]["open-ticket"]


def test_it_is_served_under_a_name_that_stays_and_any_page_may_load_it() -> None:
    answer = widget.respond(gzipped=True, known=b"")
    headers = dict(answer.headers)
    assert (answer.status, headers[b"content-encoding"]) == (200, b"gzip")
    assert gzip.decompress(answer.body).decode() == plain()
    assert headers[b"cross-origin-resource-policy"] == b"cross-origin"
    assert headers[b"access-control-allow-origin"] == b"*"
    assert headers[b"cache-control"] == b"public, max-age=300"
    again = widget.respond(gzipped=False, known=b'"x", ' + headers[b"etag"])
    assert (again.status, again.body) == (304, b"")
    assert widget.respond(gzipped=False, known=b'"x"').body.decode() == plain()


def test_its_texts_are_json() -> None:
    found = re.search(r"^const TEXTS = (\{.*\});$", plain(), re.MULTILINE)
    assert found
    assert json.loads(found[1]) == json.loads(json.dumps(widget_texts()))


def test_the_example_is_the_page_in_the_docs() -> None:
    root = Path(__file__).parents[2]
    example = (root / "examples" / "embed.html").read_text("utf-8")
    shown = "".join(f"    {line}" for line in example.splitlines(keepends=True))
    assert shown in (root / "docs" / "embedding.md").read_text("utf-8")
    assert 'src="https://tickets.example/assets/widget.js"' in example


def test_the_back_end_is_the_one_in_the_docs() -> None:
    root = Path(__file__).parents[2]
    example = (root / "examples" / "backend.py").read_text("utf-8")
    assert f"```python\n{example}```" in (root / "docs" / "integrate.md").read_text("utf-8")
