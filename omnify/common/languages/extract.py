"""`make messages`: collects the texts of the code and brings every catalogue up to date with them.

What is new comes in without a translation, what is no longer used goes out, and nothing is guessed from what is alike:
a test refuses a catalogue that is not complete.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from omnify.common.languages.catalogue import SOURCE, path_of
from omnify.common.languages.wish import OFFERED

ROOT = Path(__file__).parents[3]
# What people read stands here.
FOLDERS = ("events", "omnify", "worker")
KEYWORDS = {"N_": None, "gettext": None, "ngettext": (1, 2), "NN_": (1, 2), "forms": (1, 2)}
_TEXT = re.compile(r"\{% t(?: [^%]*)? %\}(.*?)(?:\{% many %\}(.*?))?\{% endt %\}", re.DOTALL)
_WIDTH = 120
# Headers that say nothing here, and would change with every run.
_NOISE = re.compile(
    rb'^"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team'
    rb'|Generated-By):[^\n]*"\n',
    re.MULTILINE,
)

Found = tuple[int, str, str | tuple[str, str], list[str]]


def template_texts(source: BinaryIO, *_: object, **options: object) -> Iterator[Found]:
    """Finds the texts of a template, as Babel's extraction methods do."""
    text = source.read().decode()
    for found in _TEXT.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        one, many = (" ".join((part or "").split()) for part in found.groups())
        yield (line, "ngettext", (one, many), []) if many else (line, "gettext", one, [])


def texts() -> Catalog:
    """Collects all texts of the code. Lines are left out: they would change every catalogue with every commit."""
    catalog = Catalog(project="Omnify", fuzzy=False, charset="utf-8")
    for path in _files():
        method: Any = "python" if path.suffix == ".py" else template_texts
        with path.open("rb") as source:
            for _, message, _, _ in extract(method, source, keywords=KEYWORDS):
                catalog.add(message, locations=[(path.relative_to(ROOT).as_posix(), None)])  # type: ignore[list-item]
    return catalog


def _files() -> Iterable[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".html", ".txt") and "migrations" not in path.parts:
                yield path


def update(code: str, template: Catalog) -> int:
    """Brings the catalogue of one language up to date, and returns how many of its texts have no translation."""
    path = path_of(code)
    if path.exists():
        with path.open("rb") as source:
            catalog = read_po(source, locale=code, domain="omnify")
    else:
        catalog = Catalog(locale=code, domain="omnify", project="Omnify", charset="utf-8", fuzzy=False)
        path.parent.mkdir(parents=True)
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.header_comment = (
        f"# {catalog.locale.english_name if catalog.locale else code} texts of Omnify: docs/languages.md"
    )
    written = io.BytesIO()
    write_po(written, catalog, width=_WIDTH, sort_by_file=True, include_lineno=False)
    path.write_bytes(_NOISE.sub(b"", written.getvalue()))
    return sum(not all(strings(message.string)) for message in catalog if message.id)


def strings(found: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """Returns all forms of a text."""
    return tuple(found) if isinstance(found, list | tuple) else (found or "",)


def main() -> None:
    """Updates all catalogues and says what is left to translate."""
    template = texts()
    for code in OFFERED:
        if code != SOURCE:
            sys.stdout.write(f"{code}: {update(code, template)} of {len(template)} texts to translate\n")


if __name__ == "__main__":
    main()
