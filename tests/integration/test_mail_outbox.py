"""The outbox of mails: each change that needs a mail is written once, with its decision."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from events.domain.mail.kinds import URGENT, MailKind
from events.domain.outcome import Outcome
from events.domain.states import Reason, Status
from events.ledger.mail.claims import claim_mails
from events.ledger.mail.outbox import write_mail, write_mails
from events.models import Event, Mail

pytestmark = pytest.mark.django_db

Make = Callable[..., Event]


def change(key: str, status: Status, *, was: Status = Status.QUEUED, **more: object) -> Outcome:
    """A change of a ticket's status."""
    base = {"reason": None, "sequence": 1, "requested_ms": 0, "decided_ms": 0, "revision": 1, **more}
    return Outcome(key=key.ljust(20, "k"), status=status, was=was, **base)  # type: ignore[arg-type]


def test_each_change_that_needs_a_mail_gets_one(make_event: Make) -> None:
    event = make_event(mail=True)
    now = timezone.now()
    changes = [
        change("a", Status.CONFIRMED),
        change("b", Status.WAITLISTED, position=3),
        change("c", Status.REJECTED, reason=Reason.SOLD_OUT),
        change("d", Status.CONFIRMED, was=Status.WAITLISTED, revision=2),
    ]
    with transaction.atomic():
        assert write_mails(event, changes, now=now) == 3
    rows = Mail.objects.order_by("pk").values_list("ticket_key", "kind", "revision", "position", "state", "created_at")
    assert list(rows) == [
        ("a".ljust(20, "k"), "confirmed", 1, None, "pending", now),
        ("b".ljust(20, "k"), "waitlisted", 1, 3, "pending", now),
        ("d".ljust(20, "k"), "promoted", 2, None, "pending", now),
    ]


def test_seats_that_are_given_at_once_are_one_short_statement(
    make_event: Make, django_assert_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    event = make_event(mail=True)
    now = timezone.now()
    with django_assert_num_queries(1):
        assert write_mails(event, [change(letter, Status.CONFIRMED) for letter in "abc"], now=now) == 3
    rows = Mail.objects.order_by("pk").values_list("ticket_key", "kind", "revision", "state", "next_attempt_at")
    assert list(rows) == [(letter.ljust(20, "k"), "confirmed", 1, "pending", now) for letter in "abc"]


def test_an_event_without_mail_writes_none_and_asks_nothing(
    make_event: Make, django_assert_num_queries: Callable[..., object]
) -> None:
    event = make_event(mail=False)
    now = timezone.now()
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        assert write_mails(event, [change("a", Status.CONFIRMED)], now=now) == 0
        assert not write_mail(event, ticket_key="a" * 20, kind=MailKind.RESEND, revision=1, now=now)


def test_a_mail_says_what_its_ticket_does_not(make_event: Make) -> None:
    event = make_event(mail=True)
    data = {"changes": {"location": ["Hall", "Park"]}}
    written = write_mail(
        event, ticket_key="a" * 20, kind=MailKind.EVENT_CHANGED, revision=4, now=timezone.now(), data=data
    )
    assert written
    assert Mail.objects.get().data == data


def claimed(total: int) -> list[MailKind]:
    """The kinds of the mails that a mailer is given."""
    now = timezone.now()
    return [mail.kind for mail in claim_mails(now=now, until=now + timedelta(minutes=1), total=total)]


def test_mails_that_are_waited_for_are_claimed_before_a_drops_confirmations(make_event: Make) -> None:
    event, now = make_event(mail=True), timezone.now() - timedelta(seconds=9)
    write_mails(event, [change(str(number), Status.CONFIRMED) for number in range(1000)], now=now)
    for number, kind in enumerate(URGENT):
        write_mail(event, ticket_key=f"u{number}", kind=kind, revision=1, now=now + timedelta(seconds=1))
    assert claimed(20) == [*URGENT, *[MailKind.CONFIRMED] * 16]


def test_however_many_are_waited_for_a_quarter_of_the_claims_is_for_the_others(make_event: Make) -> None:
    event, now = make_event(mail=True), timezone.now() - timedelta(seconds=9)
    for number in range(20):
        write_mail(event, ticket_key=f"u{number}", kind=MailKind.RESEND, revision=1, now=now)
    write_mails(event, [change(str(number), Status.CONFIRMED) for number in range(20)], now=now - timedelta(seconds=9))
    assert claimed(8) == [*[MailKind.RESEND] * 6, *[MailKind.CONFIRMED] * 2]
    assert claimed(1) == [MailKind.RESEND]
