"""A mail as it is transmitted: its parts stand where mail programs look for them."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from icalendar import Calendar

from events.domain.mail.kinds import MailKind
from events.letters.render import render
from tests.support.letters import event_of, letter_of
from worker.mail.message import make_message
from worker.mail.transports import as_bytes


def transmitted(kind: MailKind, **fields: Any) -> EmailMessage:
    """The mail as its reader parses it."""
    rendered = render(letter_of(kind, **fields))
    made = make_message(
        rendered, to="guest1@example.org", sender="Tickets <t@example.org>", reply_to="", message_id="<a.b.1@c.example>"
    )
    return message_from_bytes(as_bytes(made), _class=EmailMessage, policy=default)


def structure(part: EmailMessage) -> Any:
    kind = part.get_content_type()
    return [kind, *map(structure, part.iter_parts())] if part.is_multipart() else kind


def test_a_ticket_has_its_picture_beside_the_html_and_its_calendar_entry_attached() -> None:
    assert structure(transmitted(MailKind.CONFIRMED)) == [
        "multipart/mixed",
        ["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"]],
        "text/calendar",
    ]


def test_a_mail_with_nothing_attached_is_text_and_html() -> None:
    assert structure(transmitted(MailKind.WAITLISTED)) == ["multipart/alternative", "text/plain", "text/html"]


def test_the_calendar_entry_says_what_to_do_with_it_and_parses() -> None:
    for kind, method in ((MailKind.CONFIRMED, "PUBLISH"), (MailKind.CANCELLED, "CANCEL")):
        [part] = transmitted(kind).iter_attachments()
        assert part.get_content_type() == "text/calendar"
        assert part["Content-Type"].params["method"] == method
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        assert Calendar.from_ical(content)["METHOD"] == method


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_comes_through_whole_whatever_its_letters(kind: MailKind) -> None:
    name = "Überraschung 🎉 קונצרט 山田"
    mail = transmitted(kind, event=event_of(name=name), language="ja")
    assert name in mail["Subject"]
    body, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert body is not None
    assert html is not None
    assert name in body.get_content()
    assert name in html.get_content()
    assert all(len(line) <= 998 for line in mail.as_bytes().splitlines()), "RFC 5322 allows no longer lines"


def test_a_subject_outside_ascii_is_encoded_and_a_mail_says_that_no_one_wrote_it() -> None:
    rendered = render(letter_of(MailKind.CONFIRMED, event=event_of(name="Größe\r\nBcc: guest2@example.org")))
    made = make_message(
        rendered, to="guest1@example.org", sender="t@example.org", reply_to="r@example.org", message_id="<a@b.example>"
    )
    head = as_bytes(made).split(b"\r\n\r\n", 1)[0]
    assert head.isascii()
    assert b"\r\nBcc:" not in head
    mail = message_from_bytes(head, _class=EmailMessage, policy=default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<a@b.example>"
    assert mail["Reply-To"] == "r@example.org"
