"""What people read is marked for the catalogues, wherever it stands: templates, Python, scripts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from omnify.common.languages.extract import KEYWORDS

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "events" / "templates"
ASSETS = ROOT / "events" / "pages" / "assets"
# Names, and what is the same in every language.
SAME = {"Omnify", "UTC", "omn_"}
# The admin is Django's, for the operator who speaks to the service in English; guides are the documentation.
ENGLISH_TEMPLATES = ("admin/", "guides/")
# The QR decoder is not ours: what it says is for those who call it.
FOREIGN_SCRIPTS = ("qr/",)
# Attributes that are read out or shown.
SHOWN = {"alt", "aria-label", "placeholder", "title"}
_TAGS = re.compile(
    r"\{% block (?:data|width) %\}.*?\{% endblock %\}"
    r"|\{% t(?: [^%]*)? %\}.*?\{% endt %\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}"
    r"|&[#\w]+;|https://[^\"\s]+",
    re.DOTALL,
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")


class _Reader(HTMLParser):
    """Collects what a template shows beside its tags and variables."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        self.shown += [value for name, value in attrs if name in SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.shown.append(data)


def unmarked_in_template(text: str, *, html: bool = True) -> list[str]:
    """Words that a template shows without a tag for the catalogues."""
    rest = _TAGS.sub(" ", text)
    if html:
        reader = _Reader()
        reader.feed(rest)
        rest = "\n".join(reader.shown)
    return [word for word in _LETTERS.findall(rest) if word not in SAME]


# A sentence, or the beginning of one: what people read begins with a capital and has a blank, or is a lone word in a
# place where pages say words.
_SENTENCE = re.compile(r"[A-Z][a-z’']+[ ,](?:[^{}<>=;]*[a-z]){2}|[A-Z][a-z]+[.!?…]\Z")
PYTHON = ("events/pages", "events/letters", "events/console")


def unmarked_in_python(text: str) -> list[str]:
    """Sentences of a module that are neither marked nor documentation."""
    tree = ast.parse(text)
    marked: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in {*KEYWORDS, "gettext", "ngettext"}:
            marked |= {id(inside) for one in node.args for inside in ast.walk(one)}
        # What is logged or raised is for operators.
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _name(node.func) in _LOGGING):
            marked |= {id(inside) for inside in ast.walk(node)}
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in marked | documentation and _SENTENCE.match(node.value)
    ]


_LOGGING = {"exception", "warning", "info", "error"}


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


# What a script shows is one of its page's texts. Any other string that reads like words is one that it says itself: it
# begins with a capital, or has two words. Names of classes, of headers and of errors are none.
_WORDS = re.compile(r"[A-Z][a-z]+(?:[ ,.:!?…].*)?\Z|(?:.*\s)?[a-z’']{2,}[,:]? (?:.*\s)?[a-z’']{2,}\b", re.DOTALL)
_NO_WORDS = re.compile(
    r'class(?:Name)?[:"]?\s*=?\s*(?:"[^"]*"|`[^`]*`)|(?:querySelector(?:All)?|closest|matches)\((?:"[^"]*"|`[^`]*`)'
    r"|\$\{(?:[^{}`]|\{[^{}]*\})*\}"
)
# Lines that no visitor sees: comments, and what the console says to who builds the page, in English.
_UNSHOWN = re.compile(r"\s*//|.*\btell\(|.*\bconsole\.error\(")
NAMES = {"Accept", "Enter", "Prefer"}
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')


def unmarked_in_script(text: str) -> list[str]:
    """Sentences that a script has of its own."""
    code = "\n".join(line for line in text.splitlines() if not _UNSHOWN.match(line))
    found = [one.strip('"`') for one in _STRING.findall(_NO_WORDS.sub("", code))]
    return [one for one in found if _WORDS.match(one) and one not in NAMES]


def _templates() -> Iterator[Path]:
    for path in sorted(TEMPLATES.rglob("*")):
        name = path.relative_to(TEMPLATES).as_posix()
        if path.suffix in (".html", ".txt") and not name.startswith(ENGLISH_TEMPLATES):
            yield path


@pytest.mark.parametrize("path", list(_templates()), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_shows_no_text_that_is_not_marked(path: Path) -> None:
    found = unmarked_in_template(path.read_text("utf-8"), html=path.suffix == ".html")
    assert found == [], "put it between {% t %} and {% endt %}"


def test_no_module_of_pages_and_mails_has_a_sentence_that_is_not_marked() -> None:
    paths = [path for folder in PYTHON for path in sorted((ROOT / folder).rglob("*.py"))]
    found = {path.name: texts for path in paths if (texts := unmarked_in_python(path.read_text("utf-8")))}
    assert found == {}, "mark it with N_, or say it with gettext"


def test_no_script_of_a_page_has_a_sentence_of_its_own() -> None:
    paths = [path for path in sorted(ASSETS.rglob("*.js")) if not _script(path).startswith(FOREIGN_SCRIPTS)]
    found = {_script(path): texts for path in paths if (texts := unmarked_in_script(path.read_text("utf-8")))}
    assert found == {}, "give it to the page's list of texts, and say() it"


def _script(path: Path) -> str:
    return path.relative_to(ASSETS).as_posix()


def test_what_is_not_marked_is_found() -> None:
    template = '<p title="Seats left">{% t %}Sold out{% endt %} Hello {{ name }}</p><script>let sold = "out";</script>'
    assert unmarked_in_template(template) == ["Seats", "left", "Hello"]
    assert unmarked_in_template("{% if a %}Sold out{% endif %}", html=False) == ["Sold", "out"]
    module = (
        '"""Says it."""\nX = "Sold out now"\nY = N_("Sold out now")\nsaid.gettext("All is sold")\nlog.info("All on")'
    )
    assert unmarked_in_python(module) == ["Sold out now"]
    script = '// "All is sold"\nsay("sold");\nput(`All seats are ${taken}`, "Wait …", `${taken} of them left`, "Sold");'
    assert unmarked_in_script(script + ' el("p", { class: "quiet small" });') == [
        *("All seats are ", "Wait …", " of them left", "Sold"),
    ]
