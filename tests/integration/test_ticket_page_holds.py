"""A ticket's page while its seat is set aside, and the event's page of an event that does so. All without a script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F

from events.admission.snapshots import put_snapshot
from events.domain.times import iso, to_ms
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from omnify.common.clients import redis_client
from tests.support.in_process.due_holds import run_out
from tests.support.in_process.pages import Browser, browse, closing_connection, registered
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
OFFER = {"hold_seconds": 3600, "hold_confirmed_by": "holder", "hold_applies_to": "all"}
PAID = {**OFFER, "hold_seconds": 600, "hold_confirmed_by": "organizer"}


async def decide(drain: Drain, event: Event) -> None:
    await asyncio.to_thread(drain.run, event.pk)


async def decided(browser: Browser, drain: Drain, event: Event) -> str:
    """Where the ticket of guest 1 is, whose seat is set aside by now."""
    ticket = await registered(browser, event)
    await decide(drain, event)
    return ticket


def end_of(event: Event, guest: int) -> str:
    with closing_connection():
        row = Registration.objects.get(event=event, email=f"guest{guest}@example.org")
    assert row.expires_at is not None
    return iso(to_ms(row.expires_at))


def change_hold(event: Event, fields: dict[str, Any]) -> None:
    """Changes the event's hold for the door too."""
    with closing_connection():
        Event.objects.filter(pk=event.pk).update(**fields, version=F("version") + 1)
        put_snapshot(redis_client(), event_snapshot(Event.objects.get(pk=event.pk)))


def test_an_offer_says_how_long_it_stands_and_has_two_buttons(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(**OFFER)

    async def scene(browser: Browser) -> None:
        ticket = await decided(browser, drain, event)
        page = await browser.get(ticket)
        until = await asyncio.to_thread(end_of, event, 1)
        assert "A seat is yours to take" in page.text
        assert f'data-expires="{until}"' in page.text
        assert f'data-now="{page.headers["x-server-time"]}"' in page.text
        left = re.search(r'id="left" role="timer" aria-live="off">00:(\d\d):\d\d<', page.text)
        assert left
        assert int(left[1]) <= 59
        assert f'action="{ticket}/confirm"' in page.text
        assert f'action="{ticket}/cancel"' in page.text
        assert 'http-equiv="refresh"' in page.text
        assert "<details" not in page.text, "one way to let it go is enough"

    browse(servers, scene)


def test_taking_an_offer_takes_its_turn_and_gives_the_ticket(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(**OFFER)

    async def scene(browser: Browser) -> None:
        ticket = await decided(browser, drain, event)
        answer = await browser.fill_in(f"{ticket}/confirm")
        assert (answer.status, answer.headers["location"]) == (303, f"{ticket}?confirming=1")
        waiting = (await browser.get(f"{ticket}?confirming=1")).text
        assert "takes its turn" in waiting
        assert "/confirm" not in waiting
        assert (await browser.fill_in(f"{ticket}/confirm")).status == 303, "a second click is harmless"
        await decide(drain, event)
        done = (await browser.get(f"{ticket}?confirming=1")).text
        assert "You have a seat" in done
        assert "<svg" in done

    browse(servers, scene)


def test_letting_an_offer_go_gives_it_to_the_next_in_line(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1, **OFFER)

    async def scene(browser: Browser) -> None:
        first, second = [await registered(browser, event, guest) for guest in (1, 2)]
        await decide(drain, event)
        assert "You then have 1 hour to take it" in (await browser.get(second)).text
        await browser.fill_in(f"{first}/cancel")
        await decide(drain, event)
        assert "You cancelled this registration." in (await browser.get(first)).text
        assert "A seat is yours to take" in (await browser.get(second)).text

    browse(servers, scene)


def test_a_seat_that_is_to_be_paid_for_has_no_button_to_take_it(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(**PAID)

    async def scene(browser: Browser) -> None:
        ticket = await decided(browser, drain, event)
        page = (await browser.get(ticket)).text
        assert "Waiting for payment" in page
        assert "/confirm" not in page
        assert "I do not want it any more" in page
        refused = await browser.fill_in(f"{ticket}/confirm")
        assert (refused.status, refused.headers["location"]) == (303, ticket)
        assert "You have a seat" not in (await browser.get(ticket)).text

    browse(servers, scene)


@pytest.mark.parametrize("now", [PAID, {"hold_seconds": None, "hold_confirmed_by": "", "hold_applies_to": ""}])
def test_an_offer_stays_one_when_the_events_hold_changes(
    make_event: Make, servers: Services, drain: Drain, now: dict[str, Any]
) -> None:
    event = make_event(**OFFER)

    async def scene(browser: Browser) -> None:
        ticket = await decided(browser, drain, event)
        await asyncio.to_thread(change_hold, event, now)
        assert f'action="{ticket}/confirm"' in (await browser.get(ticket)).text
        await browser.fill_in(f"{ticket}/confirm")
        await decide(drain, event)
        assert "You have a seat" in (await browser.get(ticket)).text

    browse(servers, scene)


def test_a_seat_to_be_paid_for_is_no_offer_when_the_events_hold_becomes_one(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(**PAID)

    async def scene(browser: Browser) -> None:
        ticket = await decided(browser, drain, event)
        await asyncio.to_thread(change_hold, event, OFFER)
        page = (await browser.get(ticket)).text
        assert "Waiting for payment" in page
        assert "/confirm" not in page

    browse(servers, scene)


def test_who_comes_too_late_is_told_so_and_may_register_again(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(**OFFER)

    async def scene(browser: Browser) -> None:
        ticket = await decided(browser, drain, event)
        await asyncio.to_thread(run_out, drain, event)
        late = await browser.fill_in(f"{ticket}/confirm")
        assert (late.status, late.headers["location"]) == (303, ticket)
        page = (await browser.get(ticket)).text
        assert "The time is over" in page
        assert f'href="/e/{event.pk}">Register again' in page
        assert "http-equiv" not in page
        assert await registered(browser, event) != ticket

    browse(servers, scene)


def test_an_offer_for_a_group_is_for_all_of_it(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(max_quantity=4, **OFFER)

    async def scene(browser: Browser) -> None:
        form = await browser.get(f"/e/{event.pk}")
        fields = {"name": "Guest 1", "email": "guest1@example.org", "quantity": "3", "key": form.key}
        ticket = (await browser.fill_in(f"/e/{event.pk}", **fields)).headers["location"]
        await decide(drain, event)
        page = (await browser.get(ticket)).text
        assert "3 seats are yours to take" in page
        assert "Take them" in page

    browse(servers, scene)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (PAID, "Your seat is set aside for 10 minutes while you pay."),
        (OFFER, "Your seat is set aside for 1 hour. Take it on your ticket&#x27;s page"),
        ({**OFFER, "hold_applies_to": "waitlist", "waitlist_capacity": 5}, "is offered to the first on the waitlist"),
        ({**PAID, "hold_applies_to": "waitlist", "waitlist_capacity": 5}, "from the waitlist is set aside for 10 min"),
        ({**OFFER, "hold_applies_to": "waitlist"}, ""),
        ({}, ""),
    ],
)
def test_the_events_page_says_how_seats_are_set_aside(
    make_event: Make, servers: Services, fields: dict[str, Any], words: str
) -> None:
    event = make_event(**fields)

    async def scene(browser: Browser) -> None:
        page = (await browser.get(f"/e/{event.pk}")).text
        assert ('id="hold"' in page) is bool(words)
        assert words in page

    browse(servers, scene)


def test_a_sold_out_event_says_how_many_seats_may_come_back(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(max_capacity=1, **PAID)

    async def scene(browser: Browser) -> None:
        await registered(browser, event)
        await decide(drain, event)
        page = (await browser.get(f"/e/{event.pk}")).text
        assert 'data-state="sold_out"' in page
        assert "not confirmed yet: <span data-held-count>1</span>" in page

    browse(servers, scene)
