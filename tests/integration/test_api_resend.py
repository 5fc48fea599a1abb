"""Lost tickets: mailed again to the address that was registered, and nothing told to those who type any other."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.admission.resend_limit import PER_ADDRESS
from events.domain.scopes import Scope
from events.ledger.mail.resends import LONGEST, make_asked_mails, purge_wishes
from events.models import AuditEntry, Event, Mail, OrganizerToken, Registration, ResendRequest
from events.secrets import tickets
from omnify.common.email_url import EmailUrl, Way
from tests.support.in_process.api import ANYONE, Caller, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event(caller: Caller) -> Event:
    """Guests 1 and 2 have seats, guest 3 has given it back."""
    event_id = create(caller, mail=True)
    attend(event_id, 2)
    attend(event_id, 1, first=3, status="cancelled")
    return Event.objects.get(pk=event_id)


def ask(event: Event, email: str, **headers: str) -> Any:
    return ANYONE.post(f"/events/{event.pk}/resend", {"email": email}, **headers)


def address(number: int) -> str:
    return Registration.objects.get(sequence=3 * number).email


def mailed() -> list[tuple[str, str]]:
    return list(Mail.objects.order_by("pk").values_list("ticket_key", "kind"))


def path_of(event: Event, number: int) -> str:
    row = Registration.objects.get(event=event, sequence=3 * number)
    ticket_id = tickets().ticket_id(event_id=event.pk, key=row.ticket_key, mark=row.mark)
    return f"/events/{event.pk}/attendees/{ticket_id}/resend"


def test_the_answer_is_the_same_with_and_without_a_ticket(event: Event) -> None:
    answers = [ask(event, email) for email in (address(1), address(3), "stranger@example.org")]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert mailed() == [], "nothing is looked up before the answer"
    assert make_asked_mails(now=timezone.now()) == 3
    assert mailed() == [(Registration.objects.get(sequence=3).ticket_key, "resend")]
    assert not ResendRequest.objects.exists()
    assert make_asked_mails(now=timezone.now()) == 0


def test_where_nothing_is_mailed_the_answer_says_so_and_no_address_is_kept(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(event, address(1)).json()["data"] == {"event_id": event.pk, "mailed": True}
    ResendRequest.objects.all().delete()
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, email_url=EmailUrl(way=Way.OFF)))
    answers = [ask(event, email) for email in (address(1), "stranger@example.org")]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert (answers[0].status_code, answers[0].json()["data"]["mailed"]) == (202, False)
    assert answers[0].json()["message"] == "Nothing is mailed about this event. Please ask the organizer."
    assert not ResendRequest.objects.exists()


def test_an_address_is_found_as_it_is_compared_and_asked_for_once(event: Event) -> None:
    for email in (address(1).upper(), f"  {address(1)} ", address(1)):
        assert ask(event, email).status_code == 202
    assert ResendRequest.objects.count() == 1
    make_asked_mails(now=timezone.now())
    assert len(mailed()) == 1


def test_while_one_waits_to_be_sent_a_ticket_is_not_mailed_again(caller: Caller, event: Event) -> None:
    for _ in range(2):
        ask(event, address(1))
        make_asked_mails(now=timezone.now())
    assert len(mailed()) == 1
    # An organizer's is sent also where the mailbox has had enough of those that anyone can ask for.
    assert [caller.post(path_of(event, 1)).status_code for _ in range(2)] == [202, 202]
    assert len(mailed()) == 2
    Mail.objects.update(state="sent")
    ask(event, address(1))
    make_asked_mails(now=timezone.now())
    assert len(mailed()) == 3


def test_the_same_statements_are_executed_with_and_without_a_ticket(event: Event) -> None:
    def statements(email: str) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            ask(event, email)
        # What differs are the address and the time.
        return [re.sub(r"'[^']*'", "?", query["sql"]) for query in captured.captured_queries]

    assert statements(address(1)) == statements("stranger@example.org") != []


def test_an_address_of_another_event_gets_nothing_of_this_one(caller: Caller, event: Event) -> None:
    other = Event.objects.get(pk=create(caller, mail=True))
    ask(other, address(1))
    make_asked_mails(now=timezone.now())
    assert mailed() == []


def test_a_corrected_address_gets_the_ticket_and_the_old_one_does_not(event: Event) -> None:
    old = address(1)
    Registration.objects.filter(sequence=3).update(email="new@example.org", email_key="new@example.org")
    for email in (old, "new@example.org"):
        ask(event, email)
    make_asked_mails(now=timezone.now())
    assert len(mailed()) == 1


def test_an_unproved_address_gets_its_token_once_more(event: Event) -> None:
    soon = timezone.now() + timedelta(minutes=9)
    Registration.objects.filter(sequence=3).update(
        status="held", hold_confirmed_by="address", expires_at=soon, confirmed_at=None
    )
    ask(event, address(1))
    make_asked_mails(now=timezone.now())
    assert [kind for _, kind in mailed()] == ["verify"]


def test_what_cannot_be_asked(caller: Caller, event: Event) -> None:
    for wrong in ({}, {"email": "no address"}, {"email": 1}, []):
        answer = ANYONE.post(f"/events/{event.pk}/resend", wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), wrong
    draft = create(caller, visibility="draft")
    for event_id in (draft, 999_999):
        assert ANYONE.post(f"/events/{event_id}/resend", {"email": "a@example.org"}).status_code == 404
    assert not ResendRequest.objects.exists()


def test_a_client_asks_so_often_and_then_waits(event: Event) -> None:
    for number in range(PER_ADDRESS):
        assert ask(event, f"guest{number}@example.com").status_code == 202
    answer = ask(event, address(1))
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 0 < int(answer["retry-after"]) <= 900
    assert ResendRequest.objects.count() == PER_ADDRESS


def test_a_wish_that_no_mailer_has_looked_at_is_dropped_after_a_day(event: Event) -> None:
    ask(event, address(1))
    ask(event, address(2))
    assert purge_wishes(now=timezone.now() + LONGEST) == 2
    ask(event, address(1))
    assert make_asked_mails(now=timezone.now() + LONGEST) == 1
    assert mailed() == []


def test_an_event_without_mail_mails_nothing(caller: Caller) -> None:
    event = Event.objects.get(pk=create(caller, mail=False))
    attend(event.pk, 1)
    assert ask(event, address(1)).status_code == 202
    make_asked_mails(now=timezone.now())
    assert caller.post(path_of(event, 1)).status_code == 409
    assert mailed() == []


def test_an_organizer_has_a_ticket_mailed_again(caller: Caller, event: Event) -> None:
    answer = caller.post(path_of(event, 1), idempotency_key="once")
    assert (answer.status_code, answer.json()["data"]["name"]) == (202, "Name 1")
    assert caller.post(path_of(event, 1), idempotency_key="once").content == answer.content
    assert [kind for _, kind in mailed()] == ["resend"]
    assert AuditEntry.objects.filter(action="ticket_mailed").count() == 1
    refused = caller.post(path_of(event, 3))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_confirmed")
    reader = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.READ))
    assert [one.post(path_of(event, 1)).status_code for one in (ANYONE, reader, organizer("other"))] == [401, 403, 404]
    assert len(mailed()) == 1
