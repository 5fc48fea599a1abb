"""News of an event: one row in the organizer's transaction, mails in chunks behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events.domain.times import iso_of
from events.ledger.events import change_event
from events.ledger.mail import notices
from events.models import Event, Mail, MailNotice, MailOptOut, Registration
from omnify.common.email_url import EmailUrl, Way
from tests.support.in_process.api import attend, create, organizer
from tests.support.mail_notices import event_with_guests, mailed_keys, make_all, ticket_keys

pytestmark = pytest.mark.django_db

Make = Callable[..., Event]
SETTLED = timedelta(seconds=notices.SETTLE_SECONDS)


@pytest.fixture
def event(make_event: Make) -> Event:
    return event_with_guests(make_event)


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mails in one transaction."""
    monkeypatch.setattr(notices, "AT_ONCE", 2)


def change(event: Event, **fields: Any) -> datetime:
    """Changes the event; returns when its notice is due."""
    now = timezone.now()
    with transaction.atomic():
        change_event(event, fields=fields, now=now)
    return now + SETTLED


def changes() -> list[Any]:
    return [mail.data["changes"] for mail in Mail.objects.order_by("pk")]


def test_all_who_have_or_wait_for_a_seat_are_told_once_what_has_changed(event: Event) -> None:
    attend(event.pk, 1, status="cancelled", first=9)
    later = event.end_time + timedelta(hours=1)
    old = iso_of(event.end_time)
    due = change(event, location="Park", end_time=later)
    make_all(due)
    cancelled = Registration.objects.get(status="cancelled").ticket_key
    assert mailed_keys() == [key for key in ticket_keys(event) if key != cancelled]
    assert changes() == [{"location": ["Hall", "Park"], "end_time": [old, iso_of(later)]}] * 4


@pytest.mark.usefixtures("few_at_once")
def test_mails_are_made_in_chunks_and_each_ticket_has_one(event: Event) -> None:
    due = change(event, location="Park")
    assert make_all(due) == [2, 2, 0]
    assert mailed_keys() == ticket_keys(event)
    assert MailNotice.objects.get().done_at == due


@pytest.mark.usefixtures("few_at_once")
def test_a_crash_between_two_chunks_makes_none_twice_and_leaves_none_out(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = change(event, location="Park")
    notices.make_due_mails(now=due)
    with monkeypatch.context() as broken:
        broken.setattr(MailNotice, "save", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            notices.make_due_mails(now=due)
    make_all(due)
    assert mailed_keys() == ticket_keys(event)


@pytest.mark.usefixtures("few_at_once")
def test_no_more_are_made_while_many_wait_to_be_sent(event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "MOST_WAITING", 2)
    due = change(event, location="Park")
    assert [notices.make_due_mails(now=due) for _ in range(2)] == [2, 0]
    Mail.objects.update(state="sent")
    assert notices.make_due_mails(now=due) == 2


def test_a_change_is_not_told_before_it_could_be_corrected(event: Event) -> None:
    due = change(event, location="Park")
    assert notices.make_due_mails(now=due - timedelta(seconds=1)) == 0
    assert notices.make_due_mails(now=due) == 4


def test_changes_before_the_first_is_told_are_one_mail(event: Event) -> None:
    change(event, location="Pakr", name="Late evening")
    due = change(event, location="Park")
    make_all(due)
    assert changes() == [{"name": ["Evening", "Late evening"], "location": ["Hall", "Park"]}] * 4


def test_what_is_changed_back_in_time_is_told_to_no_one(event: Event) -> None:
    change(event, location="Park")
    due = change(event, location="Hall")
    assert not MailNotice.objects.exists()
    assert notices.make_due_mails(now=due) == 0


@pytest.mark.usefixtures("few_at_once")
def test_a_change_while_an_earlier_one_is_being_told_reaches_all(event: Event) -> None:
    notices.make_due_mails(now=change(event, location="Park"))
    make_all(change(event, location="Beach"))
    told = {key: found["location"][1] for key, found in zip(mailed_keys(), changes(), strict=True)}
    assert told == dict.fromkeys(ticket_keys(event), "Beach")


@pytest.mark.usefixtures("few_at_once")
def test_what_is_changed_back_after_some_have_heard_of_it_is_told(event: Event) -> None:
    notices.make_due_mails(now=change(event, location="Park"))
    make_all(change(event, location="Hall"))
    assert changes()[-4:] == [{"location": ["Park", "Hall"]}] * 4


@pytest.mark.parametrize("fields", [{"visibility": "unlisted"}, {"location": "Hall"}, {}])
def test_what_concerns_no_holder_is_not_told(event: Event, fields: dict[str, str]) -> None:
    change(event, **fields)
    assert not MailNotice.objects.exists()


def test_an_event_without_mail_tells_no_one(event: Event) -> None:
    change(event, mail=False)
    due = change(event, location="Park")
    assert not MailNotice.objects.exists()
    change(event, mail=True)
    assert notices.make_due_mails(now=due) == 0


def test_a_service_without_mail_leaves_no_news_for_when_it_has_some(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, email_url=EmailUrl(way=Way.OFF)))
    change(event, location="Park")
    assert not MailNotice.objects.exists()


def test_a_cancelled_event_is_not_told_to_have_changed(event: Event) -> None:
    due = change(event, location="Park")
    Event.objects.filter(pk=event.pk).update(cancelled_at=due)
    assert make_all(due) == [0]
    assert mailed_keys() == []


def test_those_who_were_decided_after_the_change_are_told_nothing(event: Event) -> None:
    due = change(event, location="Park")
    Registration.objects.filter(status="waitlisted").update(decided_at=due)
    make_all(due)
    assert len(mailed_keys()) == 3


def test_those_who_want_no_news_get_none(event: Event) -> None:
    unwilling = ticket_keys(event)[0]
    MailOptOut.objects.create(event=event, ticket_key=unwilling)
    make_all(change(event, location="Park"))
    assert mailed_keys() == ticket_keys(event)[1:]


def test_a_patch_of_the_api_tells_and_one_of_sizes_does_not() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    assert caller.patch(f"/events/{event_id}", {"visibility": "unlisted"}).status_code == 200
    assert not MailNotice.objects.exists()
    assert caller.patch(f"/events/{event_id}", {"location": "Park"}).status_code == 200
    assert MailNotice.objects.get().data["changes"] == {"location": ["Town hall", "Park"]}


def test_another_time_zone_is_told_where_its_clocks_show_another_time(event: Event) -> None:
    make_all(change(event, timezone="Europe/Berlin"))
    assert changes() == [{"timezone": ["UTC", "Europe/Berlin"]}] * 4
    change(event, timezone="Europe/Paris")
    assert not MailNotice.objects.filter(done_at=None).exists()
    change(event, timezone="Africa/Abidjan")
    change(event, timezone="Europe/Berlin")
    assert not MailNotice.objects.filter(done_at=None).exists()
