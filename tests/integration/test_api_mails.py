"""`GET /events/{id}/mails`: what an organizer sees of mails that did not arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from events.models import Event, Mail, Registration
from omnify.common.email_url import EmailUrl, Way
from tests.support.in_process.api import attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def write(event: Event, number: int, **fields: Any) -> Mail:
    """A mail of a ticket of its own."""
    now = timezone.now()
    times = {"created_at": now, "next_attempt_at": now}
    return Mail.objects.create(
        event=event, ticket_key=f"{number}".ljust(20, "k"), kind="confirmed", **{**times, **fields}
    )


def test_what_was_not_delivered_is_listed_newest_first_and_without_addresses() -> None:
    caller = organizer()
    event = Event.objects.get(pk=create(caller))
    at = timezone.now() - timedelta(minutes=1)
    write(event, 1, state="bounced", last_status="550 5.1.1", last_error="recipient", attempts=1, last_attempt_at=at)
    write(event, 2, state="sent")
    write(event, 3, state="pending", last_error="connection")
    write(event, 4, state="failed", last_error="content", attempts=12)
    other = Event.objects.get(pk=create(caller))
    write(other, 5, state="bounced")
    results = caller.get(f"/events/{event.pk}/mails").json()["data"]["results"]
    assert [(one["reference"], one["state"], one["status"], one["error"]) for one in results] == [
        (f"{event.pk}-4kkkkkkk", "failed", "", "content"),
        (f"{event.pk}-1kkkkkkk", "bounced", "550 5.1.1", "recipient"),
    ]
    assert results[1]["next_attempt_at"] is None
    (waiting,) = caller.get(f"/events/{event.pk}/mails?state=pending").json()["data"]["results"]
    assert (waiting["reference"], waiting["next_attempt_at"] is None) == (f"{event.pk}-3kkkkkkk", False)
    assert caller.get(f"/events/{event.pk}/mails?state=sent").status_code == 400


def test_all_mails_about_one_ticket_are_listed_and_of_no_other() -> None:
    caller = organizer()
    event = Event.objects.get(pk=create(caller))
    attend(event.pk, 2)
    first, second = Registration.objects.order_by("pk")
    key, other = first.ticket_key, "z" * 20
    Registration.objects.filter(pk=second.pk).update(ticket_key=other)
    for state, about in (("sent", key), ("bounced", key), ("sent", other)):
        Mail.objects.filter(pk=write(event, 1, state=state).pk).update(ticket_key=about)
    path = f"/events/{event.pk}/mails?reference="
    results = caller.get(f"{path}{event.pk}-{key[:8]}").json()["data"]["results"]
    assert [one["state"] for one in results] == ["bounced", "sent"]
    assert len(caller.get(f"{path}{event.pk}-{key[:8]}&state=bounced").json()["data"]["results"]) == 1
    assert caller.get(f"{path}{event.pk + 1}-{key[:8]}").json()["data"]["results"] == []
    assert caller.get(f"{path}nothing").status_code == 400


def test_the_status_says_how_mail_goes_out_and_for_how_long_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = organizer()
    event = Event.objects.get(pk=create(caller))
    path = f"/events/{event.pk}/mail-status"
    fine = {"mailed": True, "way": "files", "oldest_pending_seconds": 0.0, "problem": None}
    assert caller.get(path).json()["data"] == fine
    write(event, 1, next_attempt_at=timezone.now() - timedelta(minutes=5))
    assert 300 <= caller.get(path).json()["data"]["oldest_pending_seconds"] < 400
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, email_url=EmailUrl(way=Way.OFF)))
    data = caller.get(path).json()["data"]
    assert (data["mailed"], data["way"]) == (False, "off")


def test_the_status_says_why_mail_is_held_back_and_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    caller, now = organizer(), timezone.now()
    event = Event.objects.get(pk=create(caller))
    write(event, 1, next_attempt_at=now)
    # A mailer puts it back again and again, to be tried soon: by that it would never be late.
    old = write(event, 2, next_attempt_at=now + timedelta(minutes=2), last_error="login")
    Mail.objects.filter(pk=old.pk).update(created_at=now - timedelta(minutes=10))
    # It was refused once, by itself.
    write(event, 3, next_attempt_at=now + timedelta(hours=2), last_error="sender")
    data = caller.get(f"/events/{event.pk}/mail-status").json()["data"]
    assert data["problem"] == "login"
    assert 600 <= data["oldest_pending_seconds"] < 700


def test_another_organizer_sees_none() -> None:
    event_id = create(organizer())
    other = organizer("Others")
    assert [other.get(f"/events/{event_id}/{what}").status_code for what in ("mails", "mail-status")] == [404, 404]
