"""The crowd's pages in front of a door on a real Valkey: what they show, refuse, and tell the browser."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from events.domain.tickets import Tickets
from events.models import Event
from events.pages import files
from tests.support.in_process.door import NoLoader
from tests.support.in_process.pages import Browser, Shown, browse, registered
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
# A block of data, which no browser runs.
DATA = re.compile(r'<script type="application/ld\+json">[^<]*</script>')
NASTY = "<script>alert('x')</script> & \"friends\""


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
            text = DATA.sub("", page.text)
            assert not re.search(r"<script(?![^>]* src=)", text)
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!www\.w3\.org)", text)

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
    from tests.support.in_process.outages import UNUSED_PORT

    class Gone:
        valkey = type("", (), {"url": staticmethod(lambda *_: f"redis://127.0.0.1:{UNUSED_PORT}/0")})

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
