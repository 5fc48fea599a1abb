"""News of an event, and reminders: one row in the organizer's transaction, mails in chunks behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from events.domain.mail.kinds import MailKind
from events.domain.times import iso_of
from events.ledger.events import change_event
from events.ledger.mail import notices
from events.models import Event, Mail, MailNotice, MailOptOut, Registration
from omnify.common.email_url import EmailUrl, Way
from tests.support.in_process.api import attend, create, organizer

pytestmark = pytest.mark.django_db

Make = Callable[..., Event]
SETTLED = timedelta(seconds=notices.SETTLE_SECONDS)


@pytest.fixture
def event(make_event: Make) -> Event:
    """An event with three seats taken, and one who waits."""
    start = timezone.now() + timedelta(days=20)
    event = make_event(mail=True, load=False, start_time=start, end_time=start + timedelta(hours=2))
    attend(event.pk, 3)
    attend(event.pk, 1, status="waitlisted")
    return event


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


def make_all(now: datetime) -> list[int]:
    """Makes mails until there is nothing left to make: how many each time."""
    made: list[int] = []
    while MailNotice.objects.filter(done_at=None, due_at__lte=now).exists():
        made.append(notices.make_due_mails(now=now))
        assert len(made) < 10, "a notice does not end"
    return made


def keys(kind: MailKind = MailKind.EVENT_CHANGED) -> list[str]:
    return list(Mail.objects.filter(kind=kind.value).order_by("pk").values_list("ticket_key", flat=True))


def changes() -> list[Any]:
    return [mail.data["changes"] for mail in Mail.objects.order_by("pk")]


def everyone(event: Event) -> list[str]:
    return list(Registration.objects.filter(event=event).order_by("ticket_key").values_list("ticket_key", flat=True))


def test_all_who_have_or_wait_for_a_seat_are_told_once_what_has_changed(event: Event) -> None:
    attend(event.pk, 1, status="cancelled", first=9)
    later = event.end_time + timedelta(hours=1)
    old = iso_of(event.end_time)
    due = change(event, location="Park", end_time=later)
    make_all(due)
    cancelled = Registration.objects.get(status="cancelled").ticket_key
    assert keys() == [key for key in everyone(event) if key != cancelled]
    assert changes() == [{"location": ["Hall", "Park"], "end_time": [old, iso_of(later)]}] * 4


@pytest.mark.usefixtures("few_at_once")
def test_mails_are_made_in_chunks_and_each_ticket_has_one(event: Event) -> None:
    due = change(event, location="Park")
    assert make_all(due) == [2, 2, 0]
    assert keys() == everyone(event)
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
    assert keys() == everyone(event)


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
    told = {key: found["location"][1] for key, found in zip(keys(), changes(), strict=True)}
    assert told == dict.fromkeys(everyone(event), "Beach")


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
    assert keys() == []


def test_those_who_were_decided_after_the_change_are_told_nothing(event: Event) -> None:
    due = change(event, location="Park")
    Registration.objects.filter(status="waitlisted").update(decided_at=due)
    make_all(due)
    assert len(keys()) == 3


def test_those_who_want_no_news_get_none(event: Event) -> None:
    unwilling = everyone(event)[0]
    MailOptOut.objects.create(event=event, ticket_key=unwilling)
    make_all(change(event, location="Park"))
    assert keys() == everyone(event)[1:]


def test_a_patch_of_the_api_tells_and_one_of_sizes_does_not() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    assert caller.patch(f"/events/{event_id}", {"visibility": "unlisted"}).status_code == 200
    assert not MailNotice.objects.exists()
    assert caller.patch(f"/events/{event_id}", {"location": "Park"}).status_code == 200
    assert MailNotice.objects.get().data["changes"] == {"location": ["Town hall", "Park"]}


class TestReminders:
    """A day before the start, once."""

    @pytest.fixture
    def soon(self, event: Event) -> datetime:
        """A moment that is 23 hours before the start; all registered long before it."""
        Registration.objects.update(requested_at=event.start_time - timedelta(days=9))
        return event.start_time - timedelta(hours=23)

    def test_those_with_a_seat_are_reminded_once(self, event: Event, soon: datetime) -> None:
        assert notices.note_reminders(now=soon, hours=24) == 1
        make_all(soon)
        assert notices.note_reminders(now=soon, hours=24) == 0
        assert make_all(soon) == []
        assert keys(MailKind.REMINDER) == everyone(event)[:3]

    def test_of_an_event_that_was_put_off_they_are_reminded_again(self, event: Event, soon: datetime) -> None:
        notices.note_reminders(now=soon, hours=24)
        make_all(soon)
        later = event.start_time + timedelta(days=7)
        Event.objects.filter(pk=event.pk).update(start_time=later, end_time=later + timedelta(hours=2))
        assert notices.note_reminders(now=soon, hours=24) == 0
        assert notices.note_reminders(now=later - timedelta(hours=24), hours=24) == 1
        make_all(later - timedelta(hours=24))
        assert sorted(keys(MailKind.REMINDER)) == sorted(everyone(event)[:3] * 2)
        assert len(set(Mail.objects.filter(kind="reminder").values_list("revision", flat=True))) == 2

    def test_put_off_by_less_than_that_time_they_are_not(self, event: Event, soon: datetime) -> None:
        notices.note_reminders(now=soon, hours=24)
        make_all(soon)
        Event.objects.filter(pk=event.pk).update(start_time=event.start_time + timedelta(minutes=50))
        for minutes in (0, 10, 70):
            assert notices.note_reminders(now=soon + timedelta(minutes=minutes), hours=24) == 0

    def test_mailers_whose_hours_differ_write_one_reminder(self, event: Event, soon: datetime) -> None:
        assert [notices.note_reminders(now=soon, hours=hours) for hours in (24, 12, 24, 12)] == [1, 0, 0, 0]

    def test_a_reminder_that_is_being_made_stops_when_the_event_is_put_off(
        self, event: Event, soon: datetime, few_at_once: None
    ) -> None:
        notices.note_reminders(now=soon, hours=24)
        assert notices.make_due_mails(now=soon) == 2
        Event.objects.filter(pk=event.pk).update(start_time=F("end_time"), end_time=F("end_time") + timedelta(hours=9))
        notices.note_reminders(now=soon - timedelta(hours=1), hours=24)
        assert make_all(soon) == []
        assert len(keys(MailKind.REMINDER)) == 2

    def test_no_one_is_reminded_long_before_or_where_it_is_off(self, event: Event, soon: datetime) -> None:
        assert notices.note_reminders(now=soon - timedelta(hours=2), hours=24) == 0
        assert notices.note_reminders(now=soon, hours=0) == 0
        assert notices.note_reminders(now=event.start_time, hours=24) == 0

    @pytest.mark.parametrize("fields", [{"mail": False}, {"cancelled_at": timezone.now()}])
    def test_some_events_remind_no_one(self, event: Event, soon: datetime, fields: dict[str, Any]) -> None:
        Event.objects.filter(pk=event.pk).update(**fields)
        assert notices.note_reminders(now=soon, hours=24) == 0

    def test_those_who_registered_within_a_day_or_want_none_are_not_reminded(
        self, event: Event, soon: datetime
    ) -> None:
        late, unwilling, reminded = everyone(event)[:3]
        Registration.objects.filter(ticket_key=late).update(requested_at=soon - timedelta(hours=20))
        MailOptOut.objects.create(event=event, ticket_key=unwilling)
        notices.note_reminders(now=soon, hours=24)
        make_all(soon)
        assert keys(MailKind.REMINDER) == [reminded]

    def test_an_event_that_has_begun_reminds_no_one_any_more(self, event: Event, soon: datetime) -> None:
        notices.note_reminders(now=soon, hours=24)
        assert make_all(event.start_time) == [0]
        assert keys(MailKind.REMINDER) == []

    def test_a_second_mailer_that_looks_at_the_same_moment_adds_none(self, event: Event, soon: datetime) -> None:
        notices.note_reminders(now=soon, hours=24)
        again = MailNotice(event=event, kind="reminder", revision=2, due_at=soon, data={"since": iso_of(soon)})
        MailNotice.objects.bulk_create([again], ignore_conflicts=True)
        assert MailNotice.objects.count() == 1
