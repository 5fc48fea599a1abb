"""A ticket's page: kept by no cache, in words for each state, and with a code only while that admits its holder."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from events.admission.commands import enqueue_closing
from events.domain.times import whole_ms
from events.ledger.check_in import check_in
from events.ledger.queries import event_snapshot
from events.models import Event
from events.pages.ticket_page import qr_code
from tests.support.in_process.events import tickets as issuer
from tests.support.in_process.pages import Browser, browse, closing_connection, registered
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
PAUSED = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_tickets_page_is_kept_by_no_cache(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        page = await browser.get(await registered(browser, event))
        assert page.headers["cache-control"] == "no-store"
        assert "noindex" in page.headers["x-robots-tag"]

    browse(servers, scene)


def test_a_page_says_the_servers_time(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        before = time.time() * 1000
        page = await browser.get(f"/e/{event.pk}")
        said = int(page.headers["x-server-time"])
        assert before - 1 <= said <= time.time() * 1000
        assert f'data-now="{said}"' in page.text

    browse(servers, scene)


@pytest.mark.parametrize(
    ("fields", "state", "words"),
    [
        ({}, "open", "Registration open"),
        ({"paused_at": PAUSED}, "open", 'id="chip" data-state="paused">Registration paused<'),
        ({"paused_at": PAUSED, "confirmed_count": 10}, "sold_out", 'id="chip" data-state="sold_out">Sold out<'),
        ({"confirmed_count": 10}, "sold_out", "Sold out"),
        ({"confirmed_count": 10, "waitlist_capacity": 5}, "waitlist", "Join the waitlist"),
        ({"registration_closes_at": datetime(2020, 1, 1, tzinfo=UTC)}, "closed", "Registration is closed"),
        ({"cancelled_at": datetime(2026, 1, 1, tzinfo=UTC)}, "cancelled", "This event is cancelled"),
    ],
)
def test_each_state_has_its_own_words(
    make_event: Make, servers: Services, fields: dict[str, Any], state: str, words: str
) -> None:
    event = make_event(**fields)

    async def scene(browser: Browser) -> None:
        page = (await browser.get(f"/e/{event.pk}")).text
        assert f'data-state="{state}"' in page
        assert words in page
        hidden = re.search(r'<section class="card" data-for="open waitlist" hidden>', page)
        assert bool(hidden) is (state not in ("open", "waitlist"))

    browse(servers, scene)


def test_a_ticket_goes_from_its_place_in_line_to_a_code(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(max_capacity=1)

    async def scene(browser: Browser) -> None:
        tickets = [await registered(browser, event, guest) for guest in (1, 2)]
        waiting = await browser.get(tickets[1])
        assert '<p class="big" id="position">2</p>' in waiting.text
        assert f'<meta http-equiv="refresh" content="{waiting.headers["retry-after"]}">' in waiting.text
        assert "Leave the line" in waiting.text
        await asyncio.to_thread(drain.run, event.pk)
        seat, none = [await browser.get(ticket) for ticket in tickets]
        assert "You have a seat" in seat.text
        key = tickets[0].removeprefix("/t/").partition("-")[2][:20]
        code = issuer.check_in_code(event_id=event.pk, key=key)
        assert qr_code(code, "QR code of your ticket").split(">", 1)[1] in seat.text.replace("&#x27;", "'")
        assert f">{event.pk}-{key[:8]}<" in seat.text, "the reference, and not the id, is what a photograph shows"
        assert seat.text.count("<svg") == 1
        assert "http-equiv" not in seat.text
        assert "No seat this time" in none.text
        assert "<svg" not in none.text
        assert "<details" not in none.text

    browse(servers, scene)


def test_a_ticket_that_is_checked_in_says_so_and_cannot_be_given_back(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        ticket = await registered(browser, event, 1)
        await asyncio.to_thread(drain.run, event.pk)
        before = (await browser.get(ticket)).text
        assert "You have a seat" in before
        assert "Give my seat back" in before
        await asyncio.to_thread(let_in, drain, event, ticket.removeprefix("/t/").partition("-")[2][:20])
        inside = (await browser.get(ticket)).text
        assert "You are checked in" in inside
        assert 'data-inside="1"' in inside, "the script compares it with what it hears"
        assert "Give my seat back" not in inside

    browse(servers, scene)


def test_after_the_time_for_it_only_those_who_wait_are_offered_to_leave(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    closed = make_event(max_capacity=1, waitlist_capacity=1, cancel_until=timezone.now() - timedelta(seconds=1))
    opened = make_event(cancel_until=timezone.now() + timedelta(hours=1))

    async def scene(browser: Browser) -> None:
        tickets = [await registered(browser, event, n) for n, event in enumerate((closed, closed, opened))]
        for event in (closed, opened):
            await asyncio.to_thread(drain.run, event.pk)
        pages = [(await browser.get(ticket)).text for ticket in tickets]
        offered = [re.findall("Give my seat back|Leave the waitlist", page) for page in pages]
        assert offered == [[], ["Leave the waitlist"], ["Give my seat back"]]

    browse(servers, scene)


def let_in(drain: Drain, event: Event, key: str) -> None:
    now, digest = whole_ms(timezone.now()), issuer.email_digest
    with closing_connection(), transaction.atomic():
        organizer_id = Event.objects.values_list("organizer_id", flat=True).get(pk=event.pk)
        done = check_in(event_id=event.pk, key=key, organizer_id=organizer_id, now=now, digest=digest)
    update = done.door_update
    assert update is not None
    drain.queue.publish(event=update.event, outcomes=[update.outcome], since_ms=update.published_before_ms)


def test_a_cancelled_ticket_says_by_whom(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        given_back, kept = [await registered(browser, event, guest) for guest in (1, 2)]
        await browser.fill_in(f"{given_back}/cancel")
        await asyncio.to_thread(drain.run, event.pk)
        await asyncio.to_thread(end, event)
        await asyncio.to_thread(drain.run, event.pk)
        assert "You cancelled this registration." in (await browser.get(given_back)).text
        page = (await browser.get(kept)).text
        assert "The organizer cancelled the event." in page
        assert "You cancelled" not in page

    def end(event: Event) -> None:
        with closing_connection():
            Event.objects.filter(pk=event.pk).update(cancelled_at=event.start_time)
        enqueue_closing(drain.queue._client, event_snapshot(event), key="C" * 20)

    browse(servers, scene)
