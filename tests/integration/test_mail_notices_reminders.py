"""Reminders: a day before the start, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from events.domain.mail.kinds import MailKind
from events.domain.times import iso_of
from events.ledger.mail import notices
from events.models import Event, Mail, MailNotice, MailOptOut, Registration
from tests.support.mail_notices import event_with_guests, mailed_keys, make_all, ticket_keys

pytestmark = pytest.mark.django_db

Make = Callable[..., Event]


@pytest.fixture
def event(make_event: Make) -> Event:
    """An event with three seats taken, and one who waits."""
    return event_with_guests(make_event)


@pytest.fixture
def soon(event: Event) -> datetime:
    """A moment that is 23 hours before the start; all registered long before it."""
    Registration.objects.update(requested_at=event.start_time - timedelta(days=9))
    return event.start_time - timedelta(hours=23)


def test_those_with_a_seat_are_reminded_once(event: Event, soon: datetime) -> None:
    assert notices.note_reminders(now=soon, hours=24) == 1
    make_all(soon)
    assert notices.note_reminders(now=soon, hours=24) == 0
    assert make_all(soon) == []
    assert mailed_keys(MailKind.REMINDER) == ticket_keys(event)[:3]


def test_of_an_event_that_was_put_off_they_are_reminded_again(event: Event, soon: datetime) -> None:
    notices.note_reminders(now=soon, hours=24)
    make_all(soon)
    later = event.start_time + timedelta(days=7)
    Event.objects.filter(pk=event.pk).update(start_time=later, end_time=later + timedelta(hours=2))
    assert notices.note_reminders(now=soon, hours=24) == 0
    assert notices.note_reminders(now=later - timedelta(hours=24), hours=24) == 1
    make_all(later - timedelta(hours=24))
    assert sorted(mailed_keys(MailKind.REMINDER)) == sorted(ticket_keys(event)[:3] * 2)
    assert len(set(Mail.objects.filter(kind="reminder").values_list("revision", flat=True))) == 2


def test_put_off_by_less_than_that_time_they_are_not(event: Event, soon: datetime) -> None:
    notices.note_reminders(now=soon, hours=24)
    make_all(soon)
    Event.objects.filter(pk=event.pk).update(start_time=event.start_time + timedelta(minutes=50))
    for minutes in (0, 10, 70):
        assert notices.note_reminders(now=soon + timedelta(minutes=minutes), hours=24) == 0


def test_mailers_whose_hours_differ_write_one_reminder(event: Event, soon: datetime) -> None:
    assert [notices.note_reminders(now=soon, hours=hours) for hours in (24, 12, 24, 12)] == [1, 0, 0, 0]


def test_a_reminder_that_is_being_made_stops_when_the_event_is_put_off(
    event: Event, soon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "AT_ONCE", 2)
    notices.note_reminders(now=soon, hours=24)
    assert notices.make_due_mails(now=soon) == 2
    Event.objects.filter(pk=event.pk).update(start_time=F("end_time"), end_time=F("end_time") + timedelta(hours=9))
    notices.note_reminders(now=soon - timedelta(hours=1), hours=24)
    assert make_all(soon) == []
    assert len(mailed_keys(MailKind.REMINDER)) == 2


def test_no_one_is_reminded_long_before_or_where_it_is_off(event: Event, soon: datetime) -> None:
    assert notices.note_reminders(now=soon - timedelta(hours=2), hours=24) == 0
    assert notices.note_reminders(now=soon, hours=0) == 0
    assert notices.note_reminders(now=event.start_time, hours=24) == 0


@pytest.mark.parametrize("fields", [{"mail": False}, {"cancelled_at": timezone.now()}])
def test_some_events_remind_no_one(event: Event, soon: datetime, fields: dict[str, Any]) -> None:
    Event.objects.filter(pk=event.pk).update(**fields)
    assert notices.note_reminders(now=soon, hours=24) == 0


def test_those_who_registered_within_a_day_or_want_none_are_not_reminded(event: Event, soon: datetime) -> None:
    late, unwilling, reminded = ticket_keys(event)[:3]
    Registration.objects.filter(ticket_key=late).update(requested_at=soon - timedelta(hours=20))
    MailOptOut.objects.create(event=event, ticket_key=unwilling)
    notices.note_reminders(now=soon, hours=24)
    make_all(soon)
    assert mailed_keys(MailKind.REMINDER) == [reminded]


def test_an_event_that_has_begun_reminds_no_one_any_more(event: Event, soon: datetime) -> None:
    notices.note_reminders(now=soon, hours=24)
    assert make_all(event.start_time) == [0]
    assert mailed_keys(MailKind.REMINDER) == []


def test_a_second_mailer_that_looks_at_the_same_moment_adds_none(event: Event, soon: datetime) -> None:
    notices.note_reminders(now=soon, hours=24)
    again = MailNotice(event=event, kind="reminder", revision=2, due_at=soon, data={"since": iso_of(soon)})
    MailNotice.objects.bulk_create([again], ignore_conflicts=True)
    assert MailNotice.objects.count() == 1
