"""Every text of pages and mails is in every language, complete."""

from __future__ import annotations

import io
import re
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from omnify.common.languages import OFFERED, language
from omnify.common.languages.catalogue import SOURCE, path_of
from omnify.common.languages.extract import strings, texts

CODES = [code for code in OFFERED if code != SOURCE]
_NAMED = re.compile(r"\{(\w+)\}")
_TAGS = re.compile(r"<[^>]*>")
# French sets these signs apart, with a blank at which no line ends (U+00A0).
_LOOSE = re.compile("[^\u00a0][:;!?»](?!\\w|//)|«[^\u00a0]")


@cache
def _of_the_code() -> Catalog:
    """All texts. It takes more than a second to read them, which workers that run other tests need not."""
    return texts()


def _catalog(code: str) -> Catalog:
    return read_po(io.BytesIO(path_of(code).read_bytes()), locale=code, domain="omnify", abort_invalid=True)


def _faults(catalog: Catalog, message: Message) -> list[str]:
    """What is wrong with one translation."""
    ids, said = strings(message.id), strings(message.string)
    forms = catalog.num_plurals if len(ids) > 1 else 1
    faults = [] if len(said) == forms and all(said) else ["is not translated in every form"]
    if message.fuzzy:
        faults.append("is fuzzy")
    named = set(_NAMED.findall(" ".join(ids)))
    # One seat may be said without its number, a text in one form leaves nothing out.
    if any(not {*_NAMED.findall(one)} <= named for one in said) or named - {*_NAMED.findall(" ".join(said))}:
        faults.append("names other values in braces")
    if any(sorted(_TAGS.findall(one)) != sorted(_TAGS.findall(ids[0])) for one in said):
        faults.append("has other markup")
    if any('"' in _TAGS.sub("", one) for one in said):
        faults.append("has a straight quotation mark, which ends an attribute")
    if catalog.locale.language == "fr" and any(_LOOSE.search(one) for one in said):
        faults.append("has a blank at which a line may end before its sign")
    return faults


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_has_every_text_of_the_code_and_no_other(code: str) -> None:
    known = {message.id for message in _catalog(code) if message.id}
    wanted = {message.id for message in _of_the_code() if message.id}
    assert (sorted(map(str, wanted - known)), sorted(map(str, known - wanted))) == ([], []), "run `make messages`"


@pytest.mark.parametrize("code", CODES)
def test_every_text_is_translated_in_every_form_with_the_same_values_and_markup(code: str) -> None:
    catalog = _catalog(code)
    found = {message.id: faults for message in catalog if message.id and (faults := _faults(catalog, message))}
    assert found == {}


@pytest.mark.parametrize("said", ["Quand : ce soir", "Quand: ce soir", "«\u00a0ici »", "« ici\u00a0»", "Vraiment ?"])
def test_a_french_sign_that_a_line_may_begin_with_is_refused(said: str) -> None:
    catalog = Catalog(locale="fr")
    assert _faults(catalog, catalog.add("When: tonight", said)) != []
    assert _faults(catalog, catalog.add("When: today", "Quand\u00a0: à 16:30")) == []


def test_a_catalogue_that_is_not_complete_is_refused() -> None:
    catalog = Catalog(locale="de")
    wrong = {
        "One {seat}": "Ein Platz",
        "Two {seats}": "Zwei {sitze}",
        "Three <b>seats</b>": "Drei Plätze",
        "Four": "",
        "Five": 'Fünf "Plätze"',
        ("One", "Many"): ("Einer", ""),
    }
    for text, said in wrong.items():
        catalog.add(text, said)
    catalog.add("Six", "Sechs", flags=["fuzzy"])
    assert [message.id for message in catalog if message.id and not _faults(catalog, message)] == []
    assert len(catalog) == 7


@pytest.mark.parametrize("code", OFFERED)
def test_scripts_get_a_form_for_every_category_that_they_may_choose(code: str) -> None:
    forms = language(code).forms("{count} seat", "{count} seats")
    assert "other" in forms
    assert all(forms.values())
