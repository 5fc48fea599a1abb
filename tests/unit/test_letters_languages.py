"""Every kind of mail in every language that there is."""

from __future__ import annotations

import re

import msgspec
import pytest

from events.domain.mail.kinds import MailKind
from events.letters.render import render
from omnify.common.languages import OFFERED
from tests.support.letters import letter_of

OTHERS = [code for code in OFFERED if code != "en"]
# What may be the same in two: links, references, and short labels such as "Name" before a value.
_SAME = re.compile(r"https://|7-Zk3vB9qT|^-- $|^$|: (Guest 1|12)$")


def sentences(text: str) -> set[str]:
    """The lines of a mail that a language says in its own way."""
    return {line for line in text.splitlines() if not _SAME.search(line)}


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("quantity", [1, 3])
@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_has_no_sentence_in_another_language(kind: MailKind, quantity: int, code: str) -> None:
    english = render(letter_of(kind, quantity=quantity))
    mail = render(letter_of(kind, quantity=quantity, language=code))
    assert not sentences(english.text) & sentences(mail.text)
    assert mail.subject != english.subject
    assert "Winter concert" in mail.subject
    assert f'<html lang="{code}" dir="ltr"' in mail.html
    assert "{" not in mail.text, "a placeholder was left open"


@pytest.mark.parametrize(
    ("tag", "heading"), [("de-CH", "Sie haben einen Platz"), ("pt", "You have a seat"), ("", "You have a seat")]
)
def test_a_language_that_is_not_offered_gives_way(tag: str, heading: str) -> None:
    assert heading in render(letter_of(MailKind.CONFIRMED, language=tag)).text


def test_french_lines_have_no_sign_at_their_beginning_and_names_stay_as_they_are() -> None:
    letter = letter_of(MailKind.CONFIRMED, language="fr")
    letter = msgspec.structs.replace(letter, name="Guest & Sons")
    text = render(letter).text
    assert "Nom\u00a0: Guest & Sons" in text
    assert not re.search(r"[^\u00a0]:( |$)", text, flags=re.M)


@pytest.mark.parametrize("code", OTHERS)
def test_times_are_said_as_the_language_does(code: str) -> None:
    day = {"de": "Sonntag, 1. Dezember 2030", "fr": "dimanche 1 décembre 2030", "ja": "2030年12月1日日曜日"}
    day["es"] = "domingo, 1 de diciembre de 2030"
    assert day[code] in render(letter_of(MailKind.CONFIRMED, language=code)).text
