"""Mail by a provider's HTTP API, with django-anymail, to a real server that speaks Postmark's, and others'."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.domain.mail.kinds import MailKind
from events.letters.render import render
from events.models import Event, Mail
from omnify.common.email_url import EmailUrl, read_email_url
from tests.support.letters import letter_of
from tests.support.mailing import ended, guest, mail, mailing
from tests.support.provider_server import HANG, TOKEN, OneReply, PostmarkServer, Reply, refusal, running
from tests.support.waiting import wait_until
from worker.mail.answers import SENT, Answer, Verdict
from worker.mail.message import LetterMessage, make_message
from worker.mail.provider import ProviderTransport

Make = Callable[..., Event]


@pytest.fixture
def event(make_event: Make) -> Event:
    """An event with mail."""
    return make_event(mail=True, name="Evening")


def url_of(server: PostmarkServer) -> EmailUrl:
    """Where a mailer finds it."""
    return read_email_url(
        f"anymail+postmark://?server_token={TOKEN}&api_url=http://127.0.0.1:{server.port}/&timeout=0.5"
    )


def a_message(kind: MailKind = MailKind.CONFIRMED) -> LetterMessage:
    """A mail as a mailer makes it."""
    rendered = render(letter_of(kind))
    sender = "Tickets <tickets@example.org>"
    return make_message(rendered, to="guest1@example.org", sender=sender, reply_to="", message_id="<a.1@host>")


def answer_to(reply: Reply, provider: str = "postmark", options: str = "server_token=t") -> Answer:
    """What a mail comes to with a provider that says this."""
    with running(OneReply(reply)) as server:
        where = f"api_url=http://127.0.0.1:{server.port}/&timeout=0.3"
        transport = ProviderTransport(read_email_url(f"anymail+{provider}://?{options}&{where}"))
        try:
            return transport.send(a_message())
        finally:
            transport.close()


@pytest.mark.django_db(transaction=True)
def test_each_mail_arrives_or_is_recorded_as_what_the_provider_has_against_it(
    event: Event, redis_client: redis.Redis
) -> None:
    answers = {
        "guest2@example.org": [refusal(422, 300, "Invalid 'To' address: 'guest2@example.org'.")],
        "guest3@example.org": [refusal(422, 406, "You tried to send to recipients that are inactive.")],
        "guest4@example.org": [refusal(429, 429, "Rate limit exceeded", **{"Retry-After": "1"})],
        "guest5@example.org": [refusal(503, 100, "Maintenance")],
        "guest6@example.org": [HANG],
    }
    with running(PostmarkServer(answers)) as server:
        written = [mail(event, guest(event, number)) for number in range(1, 7)]
        written.append(mail(event, guest(event, 7), MailKind.REMINDER))
        with mailing(url_of(server), redis_client, connections=1):
            rows = wait_until(ended(*written), "all have ended")
    assert [(row.state, row.attempts, row.last_status, row.last_error) for row in rows] == [
        ("sent", 1, "", ""),
        ("bounced", 1, "422", "recipient"),
        ("bounced", 1, "422", "recipient"),
        ("sent", 1, "", ""),  # too many at a time, or none at all for now: nothing that counts against a mail
        ("sent", 1, "", ""),
        ("sent", 2, "", ""),
        ("sent", 1, "", ""),
    ]
    first, reminder = (next(one for one in server.taken if one["To"] == f"guest{who}@example.org") for who in (1, 7))
    headers = {one["Name"]: one["Value"] for one in first["Headers"]}
    assert headers["Message-ID"] == f"<confirmed.{event.pk}-bkkkkkkk.1@example.org>"
    assert "/t/" in first["TextBody"]
    (picture,) = [one for one in first["Attachments"] if one["ContentType"] == "image/png"]
    assert f'src="{picture["ContentID"]}"' in first["HtmlBody"]
    assert any(one["ContentType"].startswith("text/calendar") for one in first["Attachments"])
    assert {"List-Unsubscribe", "List-Unsubscribe-Post"} <= {one["Name"] for one in reminder["Headers"]}


@pytest.mark.django_db(transaction=True)
def test_what_is_the_operators_to_mend_uses_up_no_attempt(event: Event, redis_client: redis.Redis) -> None:
    with running(PostmarkServer()) as gone:
        pass
    sender_refused = {"guest1@example.org": [refusal(422, 400, "The 'From' address is no Sender Signature.")]}
    server = PostmarkServer(sender_refused, port=gone.port, token="another")
    written = mail(event, guest(event, 1))

    def shows(error: str) -> Callable[[], bool]:
        return lambda: Mail.objects.filter(last_error=error).exists()

    with mailing(url_of(server), redis_client):
        wait_until(shows("connection"), "it has found no server")
        with running(server):
            wait_until(shows("login"), "its token is refused")
            server.token = TOKEN
            wait_until(shows("sender"), "its sender is refused")
            (row,) = wait_until(ended(written), "it is sent")
    assert (row.state, row.attempts) == ("sent", 1)


def test_a_connection_stays_open_and_a_refusal_does_not_end_it() -> None:
    with running(PostmarkServer({"guest1@example.org": [refusal(422, 300, "Invalid 'To' address: 'x'.")]})) as server:
        transport = ProviderTransport(url_of(server))
        verdicts = [transport.send(a_message()).verdict for _ in range(3)]
        transport.close()
    assert (verdicts, server.connections) == ([Verdict.BOUNCED, Verdict.SENT, Verdict.SENT], 1)


WHO = {"email": "guest1@example.org"}
_MAILJET = "api_key=k&secret_key=s"


def _mailjet(related: str) -> dict[str, Any]:
    return {"Messages": [{"Status": "error", "Errors": [{"ErrorCode": "mj-0013", "ErrorRelatedTo": [related]}]}]}


@pytest.mark.parametrize(
    ("provider", "options", "reply", "answer"),
    [
        # A refused recipient inside an answer that says all is well.
        *(
            (provider, options, Reply(status, body), Answer(Verdict.BOUNCED, str(status), "recipient"))
            for provider, options, status, body in [
                ("mandrill", "api_key=k", 200, [{**WHO, "status": "rejected", "_id": "1"}]),
                ("mailersend", "api_token=k", 202, {"warnings": [{"type": "ALL_SUPPRESSED", "recipients": [WHO]}]}),
                (
                    *("sparkpost", "api_key=k", 200),
                    {"results": {"total_accepted_recipients": 0, "total_rejected_recipients": 1, "id": "1"}},
                ),
            ]
        ),
        ("mailgun", "api_key=k&sender_domain=example.org", Reply(200, {"id": "<1>", "message": "Queued."}), SENT),
        # The text of a known code is not the one that anymail looks for.
        (
            *("postmark", "server_token=k", refusal(422, 406, "This one is inactive.")),
            Answer(Verdict.BOUNCED, "422", "recipient"),
        ),
        ("mandrill", "api_key=k", Reply(200, []), Answer(Verdict.BROKEN, "200", "server")),  # it says nothing
        # Anymail has no error about this.
        ("mailjet", _MAILJET, Reply(400, _mailjet("Subject")), Answer(Verdict.LATER, "400", "content")),
        ("mailjet", _MAILJET, Reply(400, _mailjet("From")), Answer(Verdict.UNREACHABLE, "400", "sender")),
        ("mailgun", "api_key=k&sender_domain=x", Reply(404), Answer(Verdict.UNREACHABLE, "404", "account")),
        ("mandrill", "api_key=k", Reply(500, {"name": "Invalid_Key"}), Answer(Verdict.UNREACHABLE, "500", "login")),
        (
            *("postal", "api_key=k", Reply(200, {"status": "error", "data": {"code": "UnauthenticatedFromAddress"}})),
            Answer(Verdict.UNREACHABLE, "200", "sender"),
        ),
        ("resend", "api_key=k", Reply(422, {"name": "validation_error"}), Answer(Verdict.LATER, "422", "content")),
        ("resend", "api_key=k", Reply(429), Answer(Verdict.BUSY, "429", "server")),
        ("resend", "api_key=k", Reply(500), Answer(Verdict.BROKEN, "500", "server")),
        ("resend", "api_key=k", Reply(200, {"other": 1}), Answer(Verdict.BROKEN, "200", "server")),
        # A redirected request would be a GET, which sends nothing.
        (
            *("brevo", "api_key=k", Reply(302, headers={"Location": "/elsewhere"})),
            Answer(Verdict.UNREACHABLE, "302", "account"),
        ),
        ("postmark", "server_token=k", HANG, Answer(Verdict.BROKEN, "", "connection")),
    ],
)
def test_providers_are_judged_alike_however_they_say_it(
    provider: str, options: str, reply: Reply, answer: Answer
) -> None:
    assert answer_to(reply, provider, options) == answer


def test_a_provider_that_is_away_was_not_tried() -> None:
    with running(PostmarkServer()) as server:
        transport = ProviderTransport(url_of(server))
    assert transport.send(a_message()) == Answer(Verdict.UNREACHABLE, "", "connection")
    transport.close()


def test_a_busy_provider_says_for_how_long() -> None:
    assert answer_to(refusal(503, 100, "Maintenance", **{"Retry-After": "17"})).retry_after == 17


def test_where_a_provider_has_no_pictures_inside_mails_they_come_as_files() -> None:
    message = a_message()
    message.put_pictures_apart()
    assert "<img" not in message.alternatives[0].content
    assert "QR code of your ticket: qr-1.png" in message.alternatives[0].content
    assert ("qr-1.png", "attachment") in [
        (part.get_filename(), part.get_content_disposition()) for part in message.message().walk()
    ]
    taken = Reply(201, {"messageId": "<1@brevo>"})
    assert answer_to(taken, "brevo", "api_key=k") == SENT
