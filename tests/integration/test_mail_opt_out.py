"""Where `List-Unsubscribe` leads: a mail program's POST, and a person's button."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from events.models import Event, MailOptOut, Registration
from events.secrets import tickets

pytestmark = pytest.mark.django_db

Make = Callable[..., Event]
KEY = "k" * 20


@pytest.fixture
def path(make_event: Make) -> str:
    """The link of a ticket's mail."""
    event, now = make_event(), timezone.now()
    fields = {"requested_at": now, "decided_at": now, "status": "confirmed", "sequence": 1}
    Registration.objects.create(event=event, ticket_key=KEY, name="A", email="a@example.org", email_key="a", **fields)
    return f"/mail/opt-out/{tickets().opt_out_token(event_id=event.pk, key=KEY, mark='')}"


def test_a_mail_programs_post_switches_news_off_and_repeating_it_is_harmless(client: Client, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = strict.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200
    assert MailOptOut.objects.get().ticket_key == KEY


def test_opening_the_link_changes_nothing_and_offers_the_button(client: Client, path: str) -> None:
    answer = client.get(path, headers={"accept-language": "de"})
    assert answer.status_code == 200
    assert '<html lang="de"' in answer.content.decode()
    assert '<form method="post">' in answer.content.decode()
    assert not MailOptOut.objects.exists()


def test_another_text_is_no_token(client: Client, path: str) -> None:
    assert client.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 404
    assert client.post("/mail/opt-out/1").status_code == 404


def test_the_token_does_not_open_the_ticket(path: str) -> None:
    token = path.rpartition("/")[2]
    assert tickets().parse(token) is None
    assert tickets().parse_opt_out_token(token) is not None
