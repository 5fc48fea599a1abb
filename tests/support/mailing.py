"""A mailer at work in the test's process: tickets and their mails in the outbox, sent to a server of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from django.utils import timezone

from events.domain.mail.kinds import MailKind
from events.domain.rate_limit import RateLimit
from events.domain.states import Status
from events.ledger.mail.outbox import write_mail
from events.letters.render import render
from events.models import Event, Mail, Registration
from events.secrets import tickets
from omnify.common.email_url import EmailUrl, Way
from tests.support.smtp_server import MailServer
from worker.mail.breaker import Breaker
from worker.mail.capping import Capper
from worker.mail.context import MailContext, Result
from worker.mail.deciding import Decider
from worker.mail.mailer import Mailer
from worker.mail.transports import make_transports

# A minute takes 0.6 seconds.
HASTE = 100
_LETTERS = "abcdefghij"


def guest(event: Event, number: int, status: Status = Status.CONFIRMED, **more: object) -> str:
    """A registration; returns its key."""
    now = timezone.now()
    key = f"{_LETTERS[number]}".ljust(20, "k")
    address = f"guest{number}@example.org"
    Registration.objects.create(
        **{
            "event": event,
            "ticket_key": key,
            "name": f"Guest {number}",
            "email": address,
            "email_key": address,
            "status": status.value,
            "sequence": number + 1,
            "requested_at": now,
            "decided_at": now,
            "confirmed_at": now if status is Status.CONFIRMED else None,
            **more,
        }
    )
    return key


def mail(
    event: Event,
    key: str,
    kind: MailKind = MailKind.CONFIRMED,
    revision: int = 1,
    data: dict[str, Any] | None = None,
) -> Mail:
    """A mail in the outbox, as a decision writes it."""
    write_mail(event, ticket_key=key, kind=kind, revision=revision, now=timezone.now(), data=data)
    return Mail.objects.latest("pk")


@contextmanager
def mailing(
    server: MailServer | EmailUrl,
    client: redis.Redis,
    *,
    connections: int = 2,
    cap: RateLimit | None = None,
    on_recorded: Callable[[Sequence[Result]], None] | None = None,
    done: Callable[[], None] = lambda: None,
) -> Iterator[Mailer]:
    """A mailer at work, with a server of SMTP or what the URL says."""
    url = server if isinstance(server, EmailUrl) else _smtp(server)
    made = Mailer(
        MailContext(
            render=render,
            sender="Tickets <tickets@example.org>",
            host="example.org",
            on_recorded=on_recorded,
            done=done,
            haste=HASTE,
        ),
        make_transports(url, folder=Path(), count=connections),
        decider=Decider(tickets=tickets(), site="https://tickets.example.org"),
        capper=Capper(client, cap=cap, digest=tickets().email_digest),
        breaker=Breaker(haste=HASTE),
    )
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join()


def _smtp(server: MailServer) -> EmailUrl:
    return EmailUrl(way=Way.SMTP, scheme="smtp", host="127.0.0.1", port=server.port, timeout=30)


def ended(*mails: Mail) -> Callable[[], list[Mail]]:
    """Reads these mails once none of them is pending."""

    def read() -> list[Mail]:
        rows = list(Mail.objects.filter(pk__in=[one.pk for one in mails]).order_by("pk"))
        return rows if all(row.state != "pending" for row in rows) else []

    return read
