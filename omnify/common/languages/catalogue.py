"""Reads the catalogues: `omnify/locale/<language>/LC_MESSAGES/omnify.po`, compiled in memory when first needed."""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parents[2] / "locale"
# The language that the code is written in has no catalogue.
SOURCE = "en"


def path_of(code: str, *, locale: Path = LOCALE) -> Path:
    """Returns where the catalogue of a language is."""
    return locale / code / "LC_MESSAGES" / "omnify.po"


@cache
def catalogue(code: str, locale: Path = LOCALE) -> gettext.NullTranslations:
    """Reads a language's catalogue, once for each process. What it does not contain stays English."""
    if code == SOURCE:
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path_of(code, locale=locale).open("rb") as source:
        found = read_po(source, locale=code, domain="omnify", abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
