"""Which change of a ticket leads to which mail, under which Message-ID, and when a mail is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from events.domain.mail.kinds import MailKind, kind_of
from events.domain.mail.mailbox import counted_mailbox
from events.domain.mail.message_id import message_id
from events.domain.mail.retry import DELAYS, next_attempt
from events.domain.outcome import Outcome
from events.domain.states import Reason, Status

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def change(was: Status, status: Status, reason: Reason | None = None) -> Outcome:
    """A change of a ticket's status."""
    return Outcome(
        key="k" * 20, status=status, reason=reason, sequence=1, requested_ms=0, decided_ms=0, revision=2, was=was
    )


@pytest.mark.parametrize(
    ("was", "status", "reason", "kind"),
    [
        (Status.QUEUED, Status.ENTERED, None, MailKind.ENTERED),
        (Status.QUEUED, Status.CONFIRMED, None, MailKind.CONFIRMED),
        (Status.ENTERED, Status.CONFIRMED, None, MailKind.CONFIRMED),
        (Status.HELD, Status.CONFIRMED, None, MailKind.CONFIRMED),
        (Status.WAITLISTED, Status.CONFIRMED, None, MailKind.PROMOTED),
        (Status.QUEUED, Status.WAITLISTED, None, MailKind.WAITLISTED),
        (Status.QUEUED, Status.HELD, None, MailKind.HELD),
        (Status.WAITLISTED, Status.HELD, None, MailKind.OFFERED),
        (Status.HELD, Status.EXPIRED, None, MailKind.EXPIRED),
        (Status.ENTERED, Status.REJECTED, Reason.NOT_DRAWN, MailKind.REJECTED),
        (Status.CONFIRMED, Status.CANCELLED, Reason.BY_HOLDER, MailKind.CANCELLED),
        (Status.CONFIRMED, Status.CANCELLED, Reason.EVENT_CANCELLED, MailKind.EVENT_CANCELLED),
        (Status.QUEUED, Status.REJECTED, Reason.SOLD_OUT, None),
    ],
)
def test_each_change_has_its_kind_of_mail(
    was: Status, status: Status, reason: Reason | None, kind: MailKind | None
) -> None:
    assert kind_of(change(was, status, reason)) is kind


def test_a_message_id_names_the_ticket_and_does_not_open_it() -> None:
    made = message_id(
        kind=MailKind.CONFIRMED, event_id=7, ticket_key="Zk3vB9qTxxxxxxxxxxxx", revision=1, host="tickets.example"
    )
    assert made == "<confirmed.7-Zk3vB9qT.1@tickets.example>"


def test_a_mail_is_tried_again_for_two_days_the_first_times_within_the_wait_of_a_greylist() -> None:
    waits = [next_attempt(attempts=count, now=NOW, jitter=0.0) for count in range(1, len(DELAYS) + 1)]
    assert [at - NOW for at in waits[:3] if at] == [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)]
    assert sum((at - NOW for at in waits if at), timedelta()) == timedelta(hours=48)
    assert next_attempt(attempts=len(DELAYS) + 1, now=NOW, jitter=0.0) is None


def test_a_wait_is_only_ever_made_longer() -> None:
    late = next_attempt(attempts=1, now=NOW, jitter=1.0)
    assert late is not None
    assert timedelta(minutes=1) < late - NOW <= timedelta(seconds=66.1)


@pytest.mark.parametrize("spelling", ["guest1+a@example.org", "guest1+a+b@example.org", "guest1@example.org"])
def test_what_stands_behind_a_plus_makes_no_mailbox_of_its_own(spelling: str) -> None:
    assert counted_mailbox(spelling) == "guest1@example.org"


def test_other_addresses_are_other_mailboxes() -> None:
    assert counted_mailbox("+a@example.org") == "+a@example.org"
    assert counted_mailbox("guest.1@example.org") != counted_mailbox("guest1@example.org")
    assert counted_mailbox("guest1@m\u00fcller.example") == counted_mailbox("guest1@xn--mller-kva.example")
