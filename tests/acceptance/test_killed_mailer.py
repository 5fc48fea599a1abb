"""A mailer that is killed: what the mail server has taken comes again under the same id, and nothing is lost."""

from __future__ import annotations

import threading

import pytest

from tests.support.service.event import Event, open_event
from tests.support.service.metrics import scrape, value
from tests.support.service.processes import Service
from tests.support.smtp_server import MailServer, running
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.promise]

UNRECORDED, UNSENT = "unrecorded@example.org", "unsent@example.org"


def ask_for_mail(event: Event, address: str) -> None:
    """A guest wishes the ticket once more: the mailer writes that mail, and sends it.

    Written past the service, which sends no mail: only the mailer of this test does.
    """
    event.service.write(
        "INSERT INTO events_resendrequest (event_id, email_key, created_at) VALUES (%s, %s, now())", event.id, address
    )


def states(event: Event) -> list[str]:
    """Of the mails to both guests."""
    return [state for [state] in event.service.rows("SELECT state FROM events_mail WHERE event_id = %s", event.id)]


@pytest.mark.soak(only=True)
def test_a_mailer_killed_before_it_records_sends_again_under_the_same_id_and_loses_none(service: Service) -> None:
    # What other tests' guests would be told is not for this test's mail server.
    service.write("DELETE FROM events_mailnotice")
    event = open_event(service)
    answers = [event.register(address.partition("@")[0], email=address) for address in (UNRECORDED, UNSENT)]
    event.all_decided(answer.data["ticket_id"] for answer in answers)
    killed = threading.Event()
    # The other mail is on its way at that moment: the server has been told its recipient, and nothing more.
    server = MailServer(holds={UNSENT: killed})
    with running(server), service.mailing(f"smtp://127.0.0.1:{server.port}?timeout=120") as start:
        start()
        ask_for_mail(event, UNSENT)
        wait_until(lambda: server.recipients[UNSENT] == 1, "the mail server is told of one")
        service.set_trap("mail.before_record")
        ask_for_mail(event, UNRECORDED)
        service.kill(service.trapped("mail.before_record"))
        assert [address for address, _ in server.taken] == [UNRECORDED]
        assert states(event) == ["pending", "pending"]
        killed.set()
        start()
        wait_until(lambda: states(event) == ["sent", "sent"], "both are sent")
        # The killed one counts for a minute, too.
        wait_until(lambda: value(scrape(service), "omnify_workers_on_duty", duty="mail") >= 1, "it is on duty")
    first, again = server.ids(UNRECORDED)
    assert first == again
    assert len(server.ids(UNSENT)) == 1
