"""The calendar entry of a ticket: the event and not the ticket, and one that can be added again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import icalendar
import pytest
from django.db import transaction
from django.utils import timezone

from events.admission.snapshots import put_snapshot
from events.ledger.events import cancel_event, change_event
from events.ledger.queries import event_snapshot
from events.models import Event
from tests.support.in_process.pages import Browser, Shown, browse, closing_connection, registered
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


def entry_of(answer: Shown) -> tuple[str, Any]:
    """The method and the one entry of a calendar file, which says its method twice."""
    calendar = icalendar.Calendar.from_ical(answer.body)
    [entry] = calendar.walk("VEVENT")
    assert not entry.errors
    method = str(calendar["method"])
    assert answer.headers["content-type"] == f"text/calendar; charset=utf-8; method={method}"
    # RFC 5546, 3.2.1 and 3.2.5: what PUBLISH and CANCEL must have.
    assert {"DTSTAMP", "UID", "ORGANIZER", "SEQUENCE", "STATUS", "DTSTART", "SUMMARY"} <= {*entry}
    assert entry.decoded("dtstamp").utcoffset() == entry.decoded("last-modified").utcoffset() == timedelta(0)
    return method, entry


def test_the_calendar_entry_is_the_event_and_not_the_ticket(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(name="Evening; with, commas\\", location="Hall 1\u00fc")

    async def scene(browser: Browser) -> None:
        ticket = await registered(browser, event)
        await asyncio.to_thread(drain.run, event.pk)
        answer = await browser.get(f"{ticket}/event.ics", host="tickets.example.org")
        assert ticket.rpartition("/")[2] not in answer.text.replace("\r\n ", "")
        method, entry = entry_of(answer)
        assert (method, entry["status"], entry["transp"]) == ("PUBLISH", "CONFIRMED", "OPAQUE")
        assert (str(entry["summary"]), str(entry["location"])) == (event.name, event.location)
        assert str(entry["url"]) == str(entry["organizer"]) == f"http://tickets.example.org/e/{event.pk}"
        assert entry["organizer"].params["CN"] == "tickets.example.org"
        assert abs(entry.decoded("dtstart") - event.start_time) < timedelta(seconds=1)
        assert (await browser.get("/t/made-up/event.ics")).status == 404
        evil = await browser.get(f"{ticket}/event.ics", host="evil.example/\r\nX-A: b")
        assert str(entry_of(evil)[1]["url"]) == f"http://localhost/e/{event.pk}"

    browse(servers, scene)


def test_links_of_a_calendar_entry_begin_with_the_public_url(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        browser.pages._ticket._public_url = "https://tickets.example.org"
        ticket = await registered(browser, event)
        _, entry = entry_of(await browser.get(f"{ticket}/event.ics", host="10.0.0.7:8000"))
        assert str(entry["url"]) == f"https://tickets.example.org/e/{event.pk}"

    browse(servers, scene)


def test_an_entry_that_is_added_again_follows_ticket_and_event(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    client = drain.queue._client

    def change(**fields: Any) -> None:
        with closing_connection():
            with transaction.atomic():
                change_event(Event.objects.select_for_update().get(pk=event.pk), fields=fields, now=timezone.now())
            event.refresh_from_db()
            put_snapshot(client, event_snapshot(event))

    def call_off() -> None:
        with closing_connection():
            with transaction.atomic():
                cancel_event(Event.objects.select_for_update().get(pk=event.pk), now=timezone.now())
            event.refresh_from_db()
            put_snapshot(client, event_snapshot(event))

    async def scene(browser: Browser) -> None:
        seat, waiting = [await registered(browser, event, guest) for guest in (1, 2)]
        await asyncio.to_thread(drain.run, event.pk)
        seen = [entry_of(await browser.get(f"{waiting}/event.ics"))]
        await asyncio.to_thread(change, name="Later", start_time=event.start_time + timedelta(hours=1))
        seen.append(entry_of(await browser.get(f"{waiting}/event.ics")))
        await browser.fill_in(f"{seat}/cancel")
        await asyncio.to_thread(drain.run, event.pk)
        seen.append(entry_of(await browser.get(f"{waiting}/event.ics")))
        given_back = entry_of(await browser.get(f"{seat}/event.ics"))
        await asyncio.to_thread(call_off)
        seen.append(entry_of(await browser.get(f"{waiting}/event.ics")))
        told = [(method, str(entry["status"]), str(entry["summary"])) for method, entry in seen]
        assert told == [
            ("PUBLISH", "TENTATIVE", "Waiting: Evening"),
            ("PUBLISH", "TENTATIVE", "Waiting: Later"),
            ("PUBLISH", "CONFIRMED", "Later"),
            ("CANCEL", "CANCELLED", "Later"),
        ]
        assert (given_back[0], given_back[1]["status"]) == ("CANCEL", "CANCELLED")
        assert given_back[1]["uid"] != seen[0][1]["uid"], "one ticket's end does not take another's entry out"
        assert len({str(entry["uid"]) for _, entry in seen}) == 1
        sequences = [int(entry["sequence"]) for _, entry in seen]
        assert sequences == sorted(set(sequences))
        modified = [entry.decoded("last-modified") for _, entry in seen]
        assert modified == sorted(modified)

    browse(servers, scene)


def test_only_a_change_is_a_new_revision(make_event: Make) -> None:
    event = make_event()

    def change(name: str) -> Event:
        with transaction.atomic():
            locked = Event.objects.select_for_update().get(pk=event.pk)
            return change_event(locked, fields={"name": name}, now=timezone.now())

    same, other = change(event.name), change("Other")
    assert (same.revision, same.changed_at) == (0, None)
    assert (other.revision, other.changed_at is None) == (1, False)
