"""The page for those who lost their ticket, and the proof of an address on the ticket's page: all without a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from events.models import Event, Registration
from tests.support.in_process.events import tickets
from tests.support.in_process.pages import Browser, browse, closing_connection, registered
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


class Answering:
    """A service of which the form's request gets one answer, and every other request goes to the door."""

    def __init__(self, door: Any, status: int, body: bytes, headers: Any = ()) -> None:
        self._door, self._answer = door, (status, body, headers)
        self.sent: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not scope["path"].endswith("/resend"):
            await self._door(scope, receive, send)
            return
        status, body, headers = self._answer
        self.sent.append((await receive())["body"])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def test_a_lost_ticket_is_asked_for_with_a_form(make_event: Make, servers: Services) -> None:
    event = make_event(mail=True, name="<b>Evening</b>")
    path = f"/e/{event.pk}/resend"

    async def scene(browser: Browser) -> None:
        door = browser.pages._app
        assert f'href="{path}"' in (await browser.get(f"/e/{event.pk}")).text
        page = await browser.get(path)
        assert (page.status, f'action="{path}"' in page.text) == (200, True)
        assert "&lt;b&gt;Evening" in page.text
        answering = Answering(door, 202, b'{"success":true,"message":"","data":{}}')
        sent = await Browser(answering).fill_in(path, email='a"b@example.org')
        assert (sent.status, "is on its way" in sent.text) == (202, True)
        assert sent.headers["cache-control"] == "no-store"
        assert answering.sent == [b'{"email":"a\\"b@example.org"}']
        refused = b'{"success":false,"code":"invalid","message":"","errors":{"email":["Not so."]}}'
        again = await Browser(Answering(door, 400, refused)).fill_in(path, email='"><b>')
        assert (again.status, "Not so." in again.text, '"><b>' in again.text) == (400, True, False)
        wrong = refused.replace(b"Not so.", b"Enter a valid e-mail address.")
        german = await Browser(Answering(door, 400, wrong)).fill_in(f"{path}?language=de", email="a")
        assert "Geben Sie eine gültige E-Mail-Adresse ein." in german.text
        limited = b'{"success":false,"code":"rate_limited","message":"","errors":null}'
        later = await Browser(Answering(door, 429, limited, [(b"retry-after", b"600")])).fill_in(path, email="a@b.org")
        assert (later.status, later.headers["retry-after"], "10:00" in later.text) == (429, "600", True)
        assert (await browser.get("/e/999999/resend")).status == 404
        silent = Browser(door, sends_mail=False)
        assert path not in (await silent.get(f"/e/{event.pk}")).text
        assert "<form" not in (await silent.get(path)).text

    browse(servers, scene)


def test_an_event_without_mail_says_so_and_has_no_link(make_event: Make, servers: Services) -> None:
    event = make_event(mail=False)

    async def scene(browser: Browser) -> None:
        assert "/resend" not in (await browser.get(f"/e/{event.pk}")).text
        page = await browser.get(f"/e/{event.pk}/resend")
        assert ("ask the organizer" in page.text, "<form" in page.text) == (True, False)

    browse(servers, scene)


def test_a_duplicate_and_an_unknown_ticket_lead_there(make_event: Make, servers: Services) -> None:
    event = make_event(mail=True)

    async def scene(browser: Browser) -> None:
        await registered(browser, event)
        page = await browser.get(f"/e/{event.pk}")
        assert 'id="problem-lost" hidden' in page.text
        fields = {"name": "Guest 1", "email": "guest1@example.org", "key": page.key}
        refused = await browser.fill_in(f"/e/{event.pk}", **fields)
        assert refused.status == 409
        assert 'id="problem-lost">' in refused.text
        unknown = await browser.get(f"/t/{event.pk}-{'A' * 28}")
        assert (unknown.status, f'href="/e/{event.pk}/resend"' in unknown.text) == (404, True)
        assert "/resend" not in (await browser.get("/t/nothing")).text

    browse(servers, scene)


def token_of(event: Event) -> str:
    with closing_connection():
        row = Registration.objects.get(event=event)
    named = {"event_id": event.pk, "key": row.ticket_key, "email_key": row.email_key, "mark": row.mark}
    return tickets.proof_token(**named)


@pytest.mark.parametrize("capacity", [1, 0])
def test_an_address_is_proved_with_the_code_of_the_mail(
    make_event: Make, servers: Services, drain: Drain, capacity: int
) -> None:
    """For a seat, and for a position on the waitlist."""
    event = make_event(verify_email=True, mail=True, max_capacity=1, waitlist_capacity=1)
    if not capacity:
        Event.objects.filter(pk=event.pk).update(confirmed_count=1)

    async def scene(browser: Browser) -> None:
        ticket = await registered(browser, event)
        await asyncio.to_thread(drain.run, event.pk)
        page = (await browser.get(ticket)).text
        token = await asyncio.to_thread(token_of, event)
        assert "Please confirm your address" in page
        assert f'action="{ticket}/confirm"' in page
        assert token not in page
        opened = (await browser.get(f"{ticket}?token={token}")).text
        assert "Please confirm your address" in opened, "no GET confirms anything"
        for wrong in ("x", token[:-1], "é", "A" * 200):
            answer = await browser.fill_in(f"{ticket}/confirm", token=wrong)
            assert (answer.status, answer.headers["location"]) == (303, f"{ticket}?wrong=1")
        assert "This is not the code" in (await browser.get(f"{ticket}?wrong=1")).text
        assert (await browser.fill_in(f"{ticket}/confirm")).headers["location"] == ticket, "without any"
        answer = await browser.fill_in(f"{ticket}/confirm", token=f" {token} ")
        assert (answer.status, answer.headers["location"]) == (303, f"{ticket}?confirming=1")
        assert "takes its turn" in (await browser.get(f"{ticket}?confirming=1")).text
        await asyncio.to_thread(drain.run, event.pk)
        done = (await browser.get(f"{ticket}?confirming=1")).text
        assert ("You have a seat" if capacity else "You are on the waitlist") in done
        assert "Please confirm" not in done

    browse(servers, scene)
