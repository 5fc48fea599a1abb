"""News of events and reminders: what there is to tell, made into mails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from events.domain.mail.kinds import MailKind
from events.ledger.mail import notices
from events.models import Event, Mail, MailNotice, Registration
from tests.support.in_process.api import attend


def event_with_guests(make_event: Callable[..., Event]) -> Event:
    """An event with three seats taken, and one who waits."""
    start = timezone.now() + timedelta(days=20)
    event = make_event(mail=True, load=False, start_time=start, end_time=start + timedelta(hours=2))
    attend(event.pk, 3)
    attend(event.pk, 1, status="waitlisted")
    return event


def make_all(now: datetime) -> list[int]:
    """Makes mails until there is nothing left to make: how many each time."""
    made: list[int] = []
    while MailNotice.objects.filter(done_at=None, due_at__lte=now).exists():
        made.append(notices.make_due_mails(now=now))
        assert len(made) < 10, "a notice does not end"
    return made


def mailed_keys(kind: MailKind = MailKind.EVENT_CHANGED) -> list[str]:
    """The tickets that mails of the kind are about, in order."""
    return list(Mail.objects.filter(kind=kind.value).order_by("pk").values_list("ticket_key", flat=True))


def ticket_keys(event: Event) -> list[str]:
    """The tickets of the event, in order."""
    return list(Registration.objects.filter(event=event).order_by("ticket_key").values_list("ticket_key", flat=True))
