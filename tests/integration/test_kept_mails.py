"""Mails that are kept as files: the organizer of the event reads them, and a frame shows them harmlessly."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from events.domain.mail.kinds import MailKind
from events.domain.scopes import Scope
from events.letters.render import render
from events.models import OrganizerToken
from omnify.common import mail_files
from omnify.common.email_url import EmailUrl, Way
from tests.support.in_process.api import Caller, create, organizer
from tests.support.letters import TICKET_ID, event_of, letter_of
from worker.mail.message import make_message
from worker.mail.transports import as_bytes

pytestmark = pytest.mark.django_db

TO = "guest1@example.org"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where mails are kept."""
    url = EmailUrl(way=Way.FILES, folder=tmp_path)
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, email_url=url))
    return tmp_path


def keep(folder: Path, event_id: int, kind: MailKind = MailKind.CONFIRMED, *, number: int = 1, name: str = "") -> str:
    """Keeps a mail about a ticket of the event, as the mailer does; returns its name."""
    letter = letter_of(kind, event=event_of(event_id=event_id, name=name or "Winter concert"))
    called = f"{kind}.{event_id}-Zk3vB9qT.{number}"
    message = make_message(
        render(letter), to=TO, sender="tickets@example.org", reply_to="", message_id=f"<{called}@example.org>"
    )
    mail_files.keep(folder, called, as_bytes(message))
    return called


def test_the_organizer_finds_the_mails_of_the_event_newest_first(folder: Path) -> None:
    caller = organizer()
    event_id, other = create(caller), create(caller)
    keep(folder, other)
    names = [keep(folder, event_id, number=number) for number in (1, 2, 3)]
    for age, name in enumerate(reversed(names)):
        path = folder / f"{name}.eml"
        os.utime(path, (1_900_000_000 - age, 1_900_000_000 - age))
    answer = caller.get(f"/events/{event_id}/mail-files?page_size=2").json()["data"]
    assert answer["total_items"] == 3
    assert [found["name"] for found in answer["results"]] == names[:0:-1]
    assert answer["results"][0] == {
        "name": names[2],
        "kind": "confirmed",
        "reference": f"{event_id}-Zk3vB9qT",
        "to": TO,
        "subject": "Your ticket: Winter concert",
        "kept_at": "2030-03-17T17:46:40.000+00:00",
    }
    assert caller.get(answer["next_page"]).json()["data"]["results"][0]["name"] == names[0]


def test_a_mail_is_read_with_its_link_and_what_is_attached(folder: Path) -> None:
    caller = organizer()
    event_id = create(caller)
    mail = caller.get(f"/events/{event_id}/mail-files/{keep(folder, event_id)}").json()["data"]
    assert f"https://tickets.example.org/t/{TICKET_ID}" in mail["text"]
    assert mail["attachments"] == ["event.ics"]


def test_the_frame_shows_the_html_with_its_picture_and_lets_nothing_run(folder: Path) -> None:
    caller = organizer()
    event_id = create(caller)
    name = keep(folder, event_id, name="<script>alert(1)</script>")
    answer = caller.get(f"/events/{event_id}/mail-files/{name}/html")
    html = answer.content.decode()
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert 'src="data:image/png;base64,' in html
    assert "cid:" not in html
    assert "<script" not in html
    assert '<base target="_blank">' in html


def test_no_other_organizer_and_no_smaller_scope_reads_them(folder: Path) -> None:
    caller = organizer()
    event_id = create(caller)
    name = keep(folder, event_id)
    paths = [f"/events/{event_id}/mail-files{rest}" for rest in ("", f"/{name}", f"/{name}/html")]
    assert caller.organizer
    reader = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.READ))
    other = organizer("other")
    for path in paths:
        assert other.get(path).status_code == 404
        assert reader.get(path).status_code == 403
        assert Caller().get(path).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        "none",
        "confirmed.{event}-Zk3vB9qT.2",
        "confirmed.{other}-Zk3vB9qT.1",
        "..%2Fsecret",
        "confirmed.{event}-x.1",
        ".",
    ],
)
def test_a_name_that_is_no_mail_of_the_event_is_not_found(folder: Path, wrong: str) -> None:
    caller = organizer()
    event_id, other = create(caller), create(caller)
    keep(folder, event_id)
    keep(folder, other)
    (folder.parent / "secret.eml").write_text("Subject: secret\n\nsecret")
    path = f"/events/{event_id}/mail-files/{wrong.format(event=event_id, other=other)}"
    for rest in ("", "/html"):
        assert caller.get(path + rest).status_code == 404


def test_without_a_file_the_list_is_empty(folder: Path) -> None:
    caller = organizer()
    event_id = create(caller)
    (folder / "notes.eml").write_text("no mail of ours")
    assert caller.get(f"/events/{event_id}/mail-files").json()["data"]["results"] == []
    assert caller.get(f"/events/{event_id}/mail-files?page=2").status_code == 404
