"""The form on the event's page, sent without a script: one registration, or the form again with what was wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.models import Event
from events.pages.internal_client import request
from events.pages.view import time_left
from omnify.common.languages import language
from tests.support.in_process.codes import give_codes
from tests.support.in_process.events import ticket_type
from tests.support.in_process.pages import Browser, browse
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
NASTY = "<script>alert('x')</script> & \"friends\""


def test_what_a_visitor_typed_comes_back_as_text(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        answer = await browser.fill_in(f"/e/{event.pk}", name=NASTY, email='"><b>', key="k" * 16)
        assert answer.status == 400
        assert "Enter a valid e-mail address." in answer.text
        assert 'value="&lt;script&gt;' in answer.text
        assert '"><b>' not in answer.text
        assert answer.key != "k" * 16

    browse(servers, scene)


def test_a_form_asks_for_a_type_and_how_many_and_the_ticket_says_both(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    types = [ticket_type("Floor <b>", 4, most=4, price="18 €"), ticket_type("Balcony", 1)]
    event = make_event(ticket_types=types)
    floor, balcony = event.ticket_types.order_by("rank").values_list("pk", flat=True)

    async def scene(browser: Browser) -> None:
        page = await browser.get(f"/e/{event.pk}")
        assert "Floor &lt;b&gt;" in page.text
        assert 'max="4"' in page.text
        fields = {"name": "Guest 1", "email": "guest1@example.org", "key": page.key}
        for wrong, sentence in [
            ({}, "say which"),
            ({"ticket_type": str(balcony), "quantity": "2"}, "One seat at once."),
            ({"ticket_type": str(floor), "quantity": "two"}, "must be a whole number"),
        ]:
            answer = await browser.fill_in(f"/e/{event.pk}", **fields, **wrong)
            assert (answer.status, sentence in answer.text) == (400, True), sentence
        sent = await browser.fill_in(f"/e/{event.pk}", **fields, ticket_type=str(floor), quantity="3")
        await asyncio.to_thread(drain.run, event.pk)
        ticket = await browser.get(sent.headers["location"])
        assert "You have 3 seats" in ticket.text
        assert "Floor &lt;b&gt;" in ticket.text
        assert ticket.text.count("<svg") == 1

    browse(servers, scene)


def test_sending_a_form_twice_is_one_registration(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        fields = {"name": "Guest 1", "email": "guest1@example.org", "key": (await browser.get(f"/e/{event.pk}")).key}
        first, second = [await browser.fill_in(f"/e/{event.pk}", **fields) for _ in range(2)]
        assert first.headers["location"] == second.headers["location"]
        again = await browser.fill_in(f"/e/{event.pk}", **{**fields, "key": (await browser.get(f"/e/{event.pk}")).key})
        assert again.status == 409
        assert "registered for this event already" in again.text

    browse(servers, scene)


def test_no_two_visitors_get_the_same_key(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        shown = await asyncio.gather(*(browser.get(f"/e/{event.pk}") for _ in range(20)))
        assert len({page.key for page in shown}) == 20

    browse(servers, scene)


def test_too_early_is_said_with_the_time_to_wait_and_the_key_is_kept(make_event: Make, servers: Services) -> None:
    event = make_event(registration_opens_at=timezone.now() + timedelta(minutes=5))

    async def scene(browser: Browser) -> None:
        page = await browser.get(f"/e/{event.pk}")
        assert "Registration opens" in page.text
        assert '<meta http-equiv="refresh"' in page.text
        fields = {"name": "Guest", "email": "guest@example.org", "key": page.key}
        answer = await browser.fill_in(f"/e/{event.pk}", **fields)
        assert answer.status == 409
        assert 290 <= int(answer.headers["retry-after"]) <= 302
        assert f"try again in {time_left(language('en'), int(answer.headers['retry-after']))}." in answer.text
        assert answer.key == page.key

    browse(servers, scene)


def test_strange_forms_are_refused_and_not_failures(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        for body in (b"", b"\xff\xfe", b"&".join([b"a=1"] * 100), b"name=%00&email=%ff", b"name=x&email=y&key=%0d%0a"):
            assert (await browser.ask("POST", f"/e/{event.pk}", body)).status == 400, body
        large = await browser.ask("POST", f"/e/{event.pk}", b"x" * 20_000)
        assert (large.status, large.headers["connection"]) == (413, "close")
        assert (await browser.fill_in("/e/999", name="x", email="x@example.org")).status == 404
        assert (await browser.ask("DELETE", f"/e/{event.pk}")).status == 405

    browse(servers, scene)


def test_a_form_asks_for_a_code_where_one_helps_and_says_what_is_wrong_with_it(
    make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    plain, closed = make_event(), make_event(access="code")
    early = make_event(registration_opens_at=timezone.now() + timedelta(hours=1))
    give_codes(redis_client, closed, "SPRING")
    give_codes(redis_client, early, "SPRING", opens_at=timezone.now() - timedelta(hours=1))

    async def scene(browser: Browser) -> None:
        assert 'name="code"' not in (await browser.get(f"/e/{plain.pk}")).text
        page = await browser.get(f"/e/{closed.pk}")
        assert 'maxlength="128" value="" required' in page.text
        guest = {"name": "Guest 1", "email": "guest1@example.org"}
        for fields, sentence in [
            ({}, "This event needs an access code."),
            ({"code": "WINTER"}, "This code does not let you in, or not now."),
            ({"code": "x" * 1000}, "A code has at most 64 characters."),
        ]:
            answer = await browser.fill_in(f"/e/{closed.pk}", **guest, **fields)
            assert (answer.status in (400, 403), sentence in answer.text) == (True, True), sentence
            assert f'value="{fields.get("code", "")}"' in answer.text
        assert (await browser.fill_in(f"/e/{closed.pk}", **guest, code="spr ing")).status == 303
        page = await browser.get(f"/e/{early.pk}")
        assert "With an access code you may be able to register now." in page.text
        assert "http-equiv" not in page.text  # it would take away what was typed
        assert (await browser.fill_in(f"/e/{early.pk}", **guest, code="SPRING")).status == 303

    browse(servers, scene)


def test_the_service_is_asked_in_the_clients_name() -> None:
    """The limit on registering must see the visitor, and nothing else that the visitor's browser said."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, await receive()))
        await send({"type": "http.response.start", "status": 404, "headers": [(b"retry-after", b"7")]})
        await send({"type": "http.response.body", "body": b'{"code":"event_not_found","message":"No."}'})

    sent = {"x_forwarded_for": "198.51.100.9", "cookie": "sessionid=1", "authorization": "Bearer x", "if_match": "*"}
    asyncio.run(Browser(app).ask("POST", "/e/7", b"name=A&email=a%40example.org&key=0123456789", **sent))
    scope, message = seen[0]
    names = [name for name, _ in scope["headers"]]
    assert names == [b"x-forwarded-for", b"content-type", b"idempotency-key"]
    assert (scope["method"], scope["path"], scope["client"][0]) == ("POST", "/events/7/register", "192.0.2.7")
    assert message["body"] == b'{"name":"A","email":"a@example.org","language":"en"}'
    assert asyncio.run(request(app, scope, "GET", "/x")).retry_seconds == 7


def test_a_full_service_is_said_on_the_form(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        for guest in range(1000):
            await browser.fill_in(f"/e/{event.pk}", name="x", email=f"x{guest}@example.org", key=f"key-{guest:04d}")
        answer = await browser.fill_in(f"/e/{event.pk}", name="x", email="last@example.org", key="key-last")
        assert (answer.status, answer.key) == (503, "key-last")
        assert "The line is full" in answer.text
        assert answer.headers["retry-after"]

    browse(servers, scene)
