"""What a person typed cannot change a mail: no header, no tag, no direction, no advertisement."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.domain.mail.kinds import MailKind
from events.letters.letter import Change
from events.letters.render import render
from events.letters.safe_text import greeted_name, isolated, one_line
from omnify.common.languages import Language
from tests.support.letters import event_of, letter_of

OVERRIDE, ISOLATE, POP = "\u202e", "\u2068", "\u2069"
HEADER = "Concert\r\nBcc: guest2@example.org"
TAG = '<script>alert(1)</script>"&<b>'


@pytest.mark.parametrize("kind", MailKind)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_an_events_name_begins_no_header_of_its_own(kind: MailKind, end: str) -> None:
    subject = render(letter_of(kind, event=event_of(name=f"Concert{end}Bcc: guest2@example.org"))).subject
    assert len(subject.splitlines()) == 1
    assert "Concert Bcc: guest2@example.org" in subject


@pytest.mark.parametrize("kind", MailKind)
def test_what_people_typed_is_no_tag_in_the_html(kind: MailKind) -> None:
    changes = (Change("name", TAG, "Winter concert"), Change("location", TAG, "Town hall"))
    html = render(letter_of(kind, event=event_of(name=TAG, location=TAG), name=TAG, changes=changes)).html
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;&lt;b&gt;" in html


@pytest.mark.parametrize("kind", MailKind)
def test_a_text_mail_holds_what_people_typed_as_it_is(kind: MailKind) -> None:
    text = render(letter_of(kind, event=event_of(name=TAG))).text
    assert TAG in text
    assert "&lt;" not in text


@pytest.mark.parametrize("kind", MailKind)
def test_a_name_turns_nothing_around_it(kind: MailKind) -> None:
    mail = render(letter_of(kind, event=event_of(name=f"קונצרט{OVERRIDE}{POP} (2)")))
    for form in (mail.subject, mail.text, mail.html):
        assert OVERRIDE not in form
        assert f"{ISOLATE}קונצרט (2){POP}" in form
        assert form.count(ISOLATE) == form.count(POP)


def test_a_name_in_plain_letters_has_marks_only_among_letters_from_right_to_left() -> None:
    assert isolated("Concert (2)") == "Concert (2)"
    assert isolated("Concert (2)", right_to_left=True) == f"{ISOLATE}Concert (2){POP}"
    assert isolated("Größe") == f"{ISOLATE}Größe{POP}"
    assert isolated("", right_to_left=True) == ""


def test_a_long_name_is_cut_in_a_subject_and_whole_in_the_mail() -> None:
    mail = render(letter_of(MailKind.CONFIRMED, event=event_of(name="x" * 255)))
    assert len(mail.subject) < 130
    assert "…" in mail.subject
    assert "x" * 255 in mail.text


@pytest.mark.parametrize(
    "name",
    [
        *("Win at example.org", "https://example.org", "www example org", "guest@example.org", "call 555 0123456"),
        *("a/b", "x" * 61, "buy\\now", "price: low"),
    ],
)
def test_a_name_that_advertises_is_not_in_the_mail(name: str) -> None:
    assert greeted_name(name) == ""
    mail = render(letter_of(MailKind.CONFIRMED, name=name))
    assert name not in mail.text
    assert name not in mail.html
    assert "Hello" not in mail.text


@pytest.mark.parametrize("name", ["Guest 1", "Dr. Guest", "J. R. Guest", "Günther d'Ö", "山田太郎", "Guest, the 3rd"])
def test_a_name_is_greeted(name: str) -> None:
    assert greeted_name(name) == name
    assert name in render(letter_of(MailKind.CONFIRMED, name=name)).text


def test_an_address_that_has_proved_nothing_is_not_sent_the_name_that_was_typed() -> None:
    mail = render(letter_of(MailKind.VERIFY, name="Guest 1"))
    assert "Guest 1" not in mail.text + mail.html


def test_a_forgotten_name_leaves_no_empty_greeting() -> None:
    mail = render(letter_of(MailKind.CONFIRMED, name=""))
    assert "Hello" not in mail.text + mail.html
    assert "Name:" not in mail.text


def test_a_language_that_is_written_from_the_right_turns_the_mail_and_not_what_is_in_it(tmp_path: Path) -> None:
    catalogue = tmp_path / "ar" / "LC_MESSAGES" / "omnify.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text('msgid ""\nmsgstr "Language: ar\\n"\n\nmsgid "When"\nmsgstr "متى"\n')
    mail = render(letter_of(MailKind.CONFIRMED), said=Language("ar", locale=tmp_path))
    assert 'lang="ar" dir="rtl"' in mail.html
    assert "متى: " in mail.text
    assert f"{ISOLATE}Winter concert{POP}" in mail.html


def test_a_line_is_cut_at_its_length() -> None:
    assert one_line("abcdef", longest=4) == "abc…"
    assert one_line(HEADER) == "Concert Bcc: guest2@example.org"
