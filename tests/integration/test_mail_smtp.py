"""Messages over SMTP, to a real server that refuses, greylists, breaks, and speaks TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.mail import EmailMessage

from omnify.common.email_url import EmailUrl, Way, read_email_url
from tests.support.smtp_server import MailServer, running
from tests.support.tls import make_certificate
from worker.mail.answers import SENT, Answer, Verdict
from worker.mail.transports import MESSAGES_PER_CONNECTION, SmtpTransport


def message(to: str = "guest1@example.org", number: int = 1) -> EmailMessage:
    """A message to one recipient."""
    return EmailMessage(
        "Your ticket", "A seat.", "Tickets <tickets@example.org>", [to], headers={"Message-ID": f"<a.{number}@host>"}
    )


@contextmanager
def connected(server: MailServer, *, tls: ssl.SSLContext | None = None, **changes: object) -> Iterator[SmtpTransport]:
    """A transport to the server, closed at the end."""
    url = EmailUrl(**{"way": Way.SMTP, "scheme": "smtp", "host": "127.0.0.1", "port": server.port, **changes})  # type: ignore[arg-type]
    transport = SmtpTransport(url, tls=tls)
    try:
        yield transport
    finally:
        transport.close()


def test_many_messages_go_over_one_connection_until_it_is_worn() -> None:
    with running(MailServer()) as server:
        with connected(server) as transport:
            answers = {transport.send(message(number=number)) for number in range(MESSAGES_PER_CONNECTION + 1)}
        assert answers == {SENT}
        assert (len(server.taken), server.connections) == (MESSAGES_PER_CONNECTION + 1, 2)
        assert server.taken[0][1]["Message-ID"] == "<a.0@host>"


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("550 5.1.1 guest1@example.org: no such user", Answer(Verdict.BOUNCED, "550 5.1.1", "recipient")),
        ("552 full", Answer(Verdict.BOUNCED, "552", "recipient")),
        ("450 4.2.0 greylisted, come back", Answer(Verdict.LATER, "450 4.2.0", "recipient")),
        ("554 5.7.1 relay access denied", Answer(Verdict.LATER, "554 5.7.1", "policy")),
        ("530 5.7.0 login first", Answer(Verdict.LATER, "530 5.7.0", "policy")),
        ("421 4.3.2 shutting down", Answer(Verdict.BROKEN, "421 4.3.2", "server")),
    ],
)
def test_a_refused_recipient_is_judged_by_the_code_and_keeps_no_other_from_getting_mail(
    reply: str, answer: Answer
) -> None:
    with running(MailServer(refusals={"guest1@example.org": [reply]})) as server, connected(server) as transport:
        assert transport.send(message()) == answer
        assert transport.send(message("guest2@example.org")) == SENT
        assert [to for to, _ in server.taken] == ["guest2@example.org"]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("553 5.1.8 no such sender", Answer(Verdict.UNREACHABLE, "553 5.1.8", "sender")),
        ("451 4.7.1 come back", Answer(Verdict.LATER, "451 4.7.1", "sender")),
        ("552 5.3.4 too large", Answer(Verdict.LATER, "552 5.3.4", "content")),
    ],
)
def test_a_refused_sender_is_the_operators_to_mend(reply: str, answer: Answer) -> None:
    with running(MailServer(sender_refusal=reply)) as server, connected(server) as transport:
        assert transport.send(message()) == answer


def test_a_refused_message_is_not_held_against_the_recipient() -> None:
    with running(MailServer(data_refusals=["554 5.6.0 looks like spam"])) as server, connected(server) as transport:
        assert transport.send(message()) == Answer(Verdict.LATER, "554 5.6.0", "content")
        assert transport.send(message()) == SENT


def test_a_server_that_dies_in_the_middle_gets_the_message_over_a_new_connection() -> None:
    with running(MailServer(die_after=1)) as server, connected(server) as transport:
        assert transport.send(message()) == Answer(Verdict.BROKEN, "", "connection")
        assert transport.send(message()) == SENT
        assert server.ids("guest1@example.org") == ["<a.1@host>"] * 2


def test_a_server_that_is_away_or_says_nothing_is_unreachable_or_broken() -> None:
    with running(MailServer()) as server:
        gone = server.port
    with connected(MailServer(port=gone)) as transport:
        assert transport.send(message()) == Answer(Verdict.UNREACHABLE, "", "connection")


def test_an_address_beyond_ascii_needs_a_server_that_can() -> None:
    with running(MailServer()) as server, connected(server) as transport:
        assert transport.send(message("gäst1@example.org")) == SENT
        assert transport.send(message("guest1@exämple.org")) == SENT
        assert [to for to, _ in server.taken] == ["gäst1@example.org", "guest1@xn--exmple-cua.org"]


def test_tls_is_used_and_its_certificate_is_checked(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    theirs = made.server_context()
    trusting = ssl.create_default_context(cafile=str(made.authority))
    with running(MailServer(), starttls=theirs) as server:
        with connected(server, tls=trusting, scheme="smtp+tls") as transport:
            assert transport.send(message()) == SENT
        with connected(server, scheme="smtp+tls") as transport:
            assert transport.send(message()) == Answer(Verdict.UNREACHABLE, "", "tls")
    with running(MailServer(password="s3cret"), implicit=theirs) as server:
        with connected(server, tls=trusting, scheme="smtps", user="tickets", password="s3cret") as transport:
            assert transport.send(message()) == SENT
        with connected(server, tls=trusting, scheme="smtps", user="tickets", password="wrong") as transport:
            answer = transport.send(message())
            assert (answer.verdict, answer.error) == (Verdict.UNREACHABLE, "login")
    with running(MailServer()) as server, connected(server, scheme="smtp+tls") as transport:
        assert transport.send(message()).verdict is Verdict.UNREACHABLE


def test_a_url_says_where_and_how() -> None:
    url = read_email_url("smtp+tls://me%40example.org:p%3Aw@mail.example.org?timeout=5")
    assert (url.host, url.port, url.user, url.password, url.timeout) == (
        *("mail.example.org", 587, "me@example.org", "p:w"),
        5.0,
    )
    assert "p:w" not in repr(url)
