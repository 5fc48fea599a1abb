"""The crowd's pages in front of a door on a real Valkey: what they show, refuse, and tell the browser."""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
from django.db import connections, transaction
from django.utils import timezone

from events.admission.commands import enqueue_closing
from events.admission.snapshots import put_snapshot
from events.domain.tickets import Tickets
from events.domain.times import whole_ms
from events.ledger.check_in import check_in
from events.ledger.events import cancel_event, change_event
from events.ledger.queries import event_snapshot
from events.models import Event
from events.pages import files
from events.pages.ticket_page import qr_code
from tests.support.in_process.door import NoLoader
from tests.support.in_process.events import tickets as issuer
from tests.support.in_process.pages import Browser, Shown, browse
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
NASTY = "<script>alert('x')</script> & \"friends\""


@contextmanager
def closing_connection() -> Iterator[None]:
    """For work in a thread, which has a connection of its own."""
    try:
        yield
    finally:
        connections.close_all()


async def registered(browser: Browser, event: Event, guest: int = 1) -> str:
    """The path of a new ticket's page."""
    form = await browser.get(f"/e/{event.pk}")
    fields = {"name": f"Guest {guest}", "email": f"guest{guest}@example.org", "key": form.key}
    answer = await browser.fill_in(f"/e/{event.pk}", **fields)
    assert answer.status == 303, answer.text
    return answer.headers["location"]


def test_pages_need_no_database(make_event: Make, servers: Services) -> None:
    event = make_event()

    def refuse(*args: Any) -> Any:
        raise AssertionError("a page queried the database")

    async def scene(browser: Browser) -> None:
        assert "10</span> of" in (await browser.get(f"/e/{event.pk}")).text
        ticket = await registered(browser, event)
        assert "You are in line" in (await browser.get(ticket)).text
        assert (await browser.get("/t/made-up")).status == 404

    with connections["default"].execute_wrapper(refuse):
        browse(servers, scene, loader=NoLoader())


def test_what_an_organizer_wrote_is_text_and_nothing_else(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(name=NASTY, location=NASTY)

    async def scene(browser: Browser) -> None:
        pages = [await browser.get(f"/e/{event.pk}")]
        ticket = await registered(browser, event)
        pages.append(await browser.get(ticket))
        await asyncio.to_thread(drain.run, event.pk)
        pages.append(await browser.get(ticket))
        for page in pages:
            assert "alert(" in page.text
            assert "<script>" not in page.text
            assert '"friends"' not in page.text

    browse(servers, scene)


def test_every_page_carries_the_headers_and_nothing_inline(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        ticket = await registered(browser, event)
        shown = [await browser.get(path) for path in (f"/e/{event.pk}", ticket, "/e/999", "/t/made-up", "/e/1/x")]
        await asyncio.to_thread(drain.run, event.pk)
        shown += [
            await browser.get(ticket),
            await browser.fill_in(f"{ticket}/nonsense"),
            await browser.ask("PUT", ticket),
        ]
        for page in shown:
            check_headers(page)
            assert not re.search(r"<script(?![^>]* src=)", page.text)
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!www\.w3\.org)", page.text)

    browse(servers, scene)


def check_headers(page: Shown) -> None:
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "camera=()" in page.headers["permissions-policy"]
    assert int(page.headers["content-length"]) == len(page.body)


def test_a_tickets_page_is_kept_by_nobody(make_event: Make, servers: Services) -> None:
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
        assert qr_code(code).split(">", 1)[1] in seat.text.replace("&#x27;", "'")
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
        assert "data-checked-in" in inside, "the script compares it with what it hears"
        assert "Give my seat back" not in inside

    browse(servers, scene)


def let_in(drain: Drain, event: Event, key: str) -> None:
    now, digest = whole_ms(timezone.now()), issuer.email_digest
    with closing_connection(), transaction.atomic():
        organizer_id = Event.objects.values_list("organizer_id", flat=True).get(pk=event.pk)
        done = check_in(event_id=event.pk, key=key, organizer_id=organizer_id, now=now, digest=digest)
    update = done.door_update
    assert update is not None
    drain.queue.publish(event=update.event, outcomes=[update.outcome], published_before_ms=update.published_before_ms)


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
        assert "somebody else" not in page

    def end(event: Event) -> None:
        with closing_connection():
            Event.objects.filter(pk=event.pk).update(cancelled_at=event.start_time)
        enqueue_closing(drain.queue._client, event_snapshot(event), key="C" * 20)

    browse(servers, scene)


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


def test_files_are_kept_for_good_under_their_own_version(servers: Services) -> None:
    async def scene(browser: Browser) -> None:
        plain = await browser.get(f"{files.base()}event.js")
        small = await browser.get(f"{files.base()}event.js", accept_encoding="gzip, br")
        assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in plain.headers["cache-control"]
        assert gzip.decompress(small.body) == plain.body
        assert small.headers["content-encoding"] == "gzip"
        other = await browser.get("/assets/another-release/event.js")
        assert (other.body, other.headers["cache-control"]) == (plain.body, "no-cache")
        for path in ("/assets/", "/assets/x", "/assets/x/../page.css", "/assets/x/nothing.js", f"{files.base()}app.py"):
            assert (await browser.get(path)).status == 404, path

    browse(servers, scene)


def test_a_closed_gate_is_a_page_that_loads_again_by_itself(servers: Services) -> None:
    from tests.support.in_process.outages import NOBODY

    class Gone:
        valkey = type("", (), {"url": staticmethod(lambda *_: f"redis://127.0.0.1:{NOBODY}/0")})

    async def scene(browser: Browser) -> None:
        for path in ("/e/1", f"/t/{genuine()}"):
            page = await browser.get(path)
            assert page.status == 503, path
            assert page.headers["content-type"].startswith("text/html")
            assert f'http-equiv="refresh" content="{page.headers["retry-after"]}"' in page.text

    browse(Gone(), scene)  # type: ignore[arg-type]


def genuine() -> str:
    from tests.support.in_process.events import tickets

    assert isinstance(tickets, Tickets)
    return tickets.ticket_id(event_id=1, key=tickets.mint())


def test_head_is_get_without_the_body(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        page = await browser.ask("HEAD", f"/e/{event.pk}")
        assert (page.status, page.body) == (200, b"")
        assert int(page.headers["content-length"]) > 1000

    browse(servers, scene)
