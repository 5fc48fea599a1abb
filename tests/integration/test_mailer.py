"""The mailer, against a real SMTP server: what the outbox holds arrives, once if nothing breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
from django.db import OperationalError, transaction
from django.utils import timezone

from events.domain.mail.kinds import MailKind
from events.domain.rate_limit import RateLimit
from events.domain.states import Status
from events.ledger.events import change_event, event_for_change
from events.ledger.mail.claims import ClaimedMail, claim_mails
from events.ledger.mail.contents import Contents, read_contents
from events.ledger.mail.resends import ask_for_ticket
from events.models import Event, Mail, MailNotice, MailOptOut
from events.secrets import tickets
from tests.support.mailing import ended, guest, mail, mailing
from tests.support.smtp_server import MailServer, running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


@pytest.fixture
def event(make_event: Make) -> Event:
    """An event with mail."""
    return make_event(mail=True, name="Evening")


def test_a_mail_reaches_its_guest_in_the_guests_language_with_the_link_of_the_ticket(
    event: Event, redis_client: redis.Redis
) -> None:
    key = guest(event, 1, language="de")
    written = mail(event, key)
    with running(MailServer()) as server, mailing(server, redis_client):
        (row,) = wait_until(ended(written), "it is sent")
    assert (row.state, row.attempts, row.claimed_until, row.last_error) == ("sent", 1, None, "")
    ((to, message),) = server.taken
    assert to == "guest1@example.org"
    assert message["Message-ID"] == f"<confirmed.{event.pk}-{key[:8]}.1@example.org>"
    body = message.get_body(("plain",))
    assert body is not None
    ticket_id = tickets().ticket_id(event_id=event.pk, key=key, mark="")
    assert f"https://tickets.example.org/t/{ticket_id}" in body.get_content()
    assert "Guten Tag Guest 1," in body.get_content()


def test_one_refused_address_is_recorded_and_keeps_no_other_waiting(event: Event, redis_client: redis.Redis) -> None:
    written = [mail(event, guest(event, number)) for number in range(1, 6)]
    refusals = {
        "guest2@example.org": ["550 5.1.1 guest2@example.org is unknown"],
        "guest3@example.org": ["450 4.2.0 grey"],
    }
    with running(MailServer(refusals=refusals)) as server, mailing(server, redis_client, connections=1):
        rows = wait_until(ended(*written), "all have ended")
    assert [row.state for row in rows] == ["sent", "bounced", "sent", "sent", "sent"]
    assert (rows[1].last_status, rows[1].last_error) == ("550 5.1.1", "recipient")
    assert (rows[2].attempts, server.recipients["guest3@example.org"]) == (2, 2)


def test_what_a_dying_server_may_have_taken_is_sent_again_under_the_same_id(
    event: Event, redis_client: redis.Redis
) -> None:
    written = mail(event, guest(event, 1))
    with running(MailServer(die_after=1)) as server, mailing(server, redis_client):
        wait_until(ended(written), "it is sent")
    first, second = server.ids("guest1@example.org")
    assert first == second


def test_a_server_that_comes_back_gets_what_waited_and_nothing_is_counted_as_an_attempt(
    event: Event, redis_client: redis.Redis
) -> None:
    written = [mail(event, guest(event, number)) for number in range(1, 4)]
    with running(MailServer()) as gone:
        pass
    server = MailServer(port=gone.port)
    with mailing(server, redis_client):
        wait_until(lambda: Mail.objects.filter(last_error="connection").exists(), "it has found no server")
        with running(server):
            rows = wait_until(ended(*written), "all are sent")
    assert [(row.state, row.attempts) for row in rows] == [("sent", 1)] * 3


def test_a_slow_server_delays_mail_and_its_claims_are_renewed(event: Event, redis_client: redis.Redis) -> None:
    written = mail(event, guest(event, 1))
    go_on = threading.Event()
    with running(MailServer(wait=go_on)) as server, mailing(server, redis_client):
        wait_until(lambda: Mail.objects.filter(claimed_until__isnull=False).first(), "it is claimed")
        first = Mail.objects.get().claimed_until
        assert first is not None
        later = wait_until(
            lambda: Mail.objects.filter(claimed_until__gt=first + timedelta(milliseconds=50)).exists(), "it is renewed"
        )
        assert later
        go_on.set()
        wait_until(ended(written), "it is sent")
    assert len(server.ids("guest1@example.org")) == 1


def test_what_is_overtaken_or_has_lost_its_recipient_is_not_sent(event: Event, redis_client: redis.Redis) -> None:
    moved_on = mail(event, guest(event, 1), MailKind.WAITLISTED)
    forgotten = mail(event, guest(event, 2, email="", name=""))
    unwanted = mail(event, opted := guest(event, 3), MailKind.REMINDER)
    MailOptOut.objects.create(event=event, ticket_key=opted)
    with running(MailServer()) as server, mailing(server, redis_client):
        rows = wait_until(ended(moved_on, forgotten, unwanted), "all have ended")
    assert [(row.state, row.last_error) for row in rows] == [
        ("skipped", "overtaken"),
        ("skipped", "forgotten"),
        ("skipped", "opted_out"),
    ]
    assert server.taken == []


def test_a_later_mail_about_a_ticket_waits_while_an_earlier_one_is_sent(event: Event) -> None:
    first, second = (
        mail(event, guest(event, 1) if number == 0 else "b".ljust(20, "k"), revision=number) for number in (0, 1)
    )
    other = mail(event, guest(event, 2))
    now = timezone.now() + timedelta(seconds=1)
    until = now + timedelta(minutes=1)
    assert [one.id for one in claim_mails(now=now, until=until, total=1)] == [first.pk]
    assert [one.id for one in claim_mails(now=now, until=until, total=9)] == [other.pk]
    assert [one.id for one in claim_mails(now=until, until=until + timedelta(minutes=1), total=9)] == [
        *(first.pk, second.pk, other.pk)
    ]


def test_what_was_claimed_before_the_database_went_away_is_sent_once_it_is_back(
    event: Event, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, reads = mail(event, guest(event, 1)), iter([OperationalError])

    def read(mails: list[ClaimedMail]) -> Contents:
        for problem in reads:
            raise problem
        return read_contents(mails)

    monkeypatch.setattr("worker.mail.mailer.read_contents", read)
    with running(MailServer()) as server, mailing(server, redis_client):
        (row,) = wait_until(ended(written), "it is sent")
    assert (row.state, row.attempts, len(server.taken)) == ("sent", 1, 1)


def test_no_mailbox_is_flooded_and_what_was_decided_comes_later(event: Event, redis_client: redis.Redis) -> None:
    key = guest(event, 1)
    decided = [mail(event, key, revision=number) for number in (1, 2)]
    with running(MailServer()) as server, mailing(server, redis_client, cap=RateLimit(1, 3600, "mail")):
        wait_until(ended(decided[0]), "the mailbox has had its mail")
        asked = mail(event, key, MailKind.RESEND, revision=9, data={"asked": True})
        (dropped,) = wait_until(ended(asked), "the request has ended")
        late = wait_until(lambda: Mail.objects.filter(pk=decided[1].pk, last_error="limit").first(), "it waits")
    assert (dropped.state, dropped.last_error) == ("skipped", "limit")
    assert len(server.taken) == 1
    assert (late.state, late.attempts) == ("pending", 0)
    assert timedelta(minutes=50) < late.next_attempt_at - timezone.now() <= timedelta(hours=1)


def test_the_proof_of_an_address_does_not_wait_for_what_was_sent_to_it_about_other_events(
    event: Event, make_event: Make, redis_client: redis.Redis
) -> None:
    flooded = guest(event, 1)
    flood = [mail(event, flooded, revision=number) for number in range(1, 6)]
    other = make_event(mail=True)
    unproved = {"hold_confirmed_by": "address", "expires_at": timezone.now() + timedelta(minutes=30)}
    key = guest(other, 1, Status.HELD, **unproved)
    with running(MailServer()) as server, mailing(server, redis_client, cap=RateLimit(4, 3600, "mail")):
        wait_until(lambda: Mail.objects.filter(last_error="limit").count() == 2, "the rest of the flood waits")
        (proof,) = wait_until(ended(mail(other, key, MailKind.VERIFY)), "the proof has ended")
    assert (proof.state, len(server.taken)) == ("sent", 4)
    assert Mail.objects.filter(pk__in=[one.pk for one in flood], state="sent").count() == 3


@pytest.mark.parametrize("what", ["kind", "event"])
def test_what_a_later_release_has_is_kept_and_keeps_no_other_waiting(
    event: Event, make_event: Make, redis_client: redis.Redis, what: str
) -> None:
    other = make_event(mail=True) if what == "event" else event
    strange = mail(other, guest(other, 1))
    if what == "event":
        Event.objects.filter(pk=other.pk).update(visibility="members")
    else:
        Mail.objects.filter(pk=strange.pk).update(kind="survey")
    known = mail(event, guest(event, 2))
    with running(MailServer()) as server, mailing(server, redis_client):
        wait_until(ended(known), "the other is sent")
        kept = wait_until(lambda: Mail.objects.filter(pk=strange.pk, last_error="unknown").first(), "it is put back")
    assert (kept.state, kept.attempts, kept.claimed_until, len(server.taken)) == ("pending", 0, None, 1)


def test_a_change_of_an_event_is_told_once_to_all_who_have_a_place(event: Event, redis_client: redis.Redis) -> None:
    for number, status in enumerate((Status.CONFIRMED, Status.WAITLISTED, Status.REJECTED), start=1):
        guest(event, number, status)
    for place in ("Park", "Garden"):
        with transaction.atomic():
            row = event_for_change(event_id=event.pk)
            assert row is not None
            change_event(row, fields={"location": place}, now=timezone.now())
    notice = MailNotice.objects.get()
    assert notice.data["changes"] == {"location": ["Hall", "Garden"]}
    MailNotice.objects.update(due_at=timezone.now())
    with running(MailServer()) as server, mailing(server, redis_client):
        wait_until(lambda: len(server.taken) == 2, "both are told")
        wait_until(lambda: MailNotice.objects.exclude(done_at=None).exists(), "the notice is done")
    assert sorted(to for to, _ in server.taken) == ["guest1@example.org", "guest2@example.org"]
    headers = server.taken[0][1]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_lost_ticket_is_mailed_on_a_wish_and_a_token_once_more(event: Event, redis_client: redis.Redis) -> None:
    guest(event, 1)
    key = guest(event, 2, Status.HELD, hold_confirmed_by="address", expires_at=timezone.now() + timedelta(minutes=9))
    for number in (1, 2, 3):
        ask_for_ticket(event.pk, f"guest{number}@example.org", now=timezone.now())
    with running(MailServer()) as server, mailing(server, redis_client):
        wait_until(lambda: Mail.objects.filter(state="sent").count() == 2, "both are sent")
    ticket_id = tickets().ticket_id(event_id=event.pk, key=key, mark="")
    told = {to: message.get_body(("plain",)).get_content() for to, message in server.taken}["guest2@example.org"]
    token = told.partition(f"/t/{ticket_id}#token=")[2].split()[0]
    assert tickets().proved_address(ticket_id, token) == tickets().email_digest("guest2@example.org", "")
