"""Accessible pages: names, roles and order, and contrast in light and in dark, checked by axe-core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import DESK, PHONE, Visitors, register, sees, sign_in

# WCAG 2.2 at level AA, and what axe-core knows as good practice.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# The rest of a page is the same in dark.
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# What else axe-core would tell of each element is not looked at, and takes long to gather.
BRIEFLY = {"resultTypes": ["violations"]}


def check(page: Page) -> None:
    """Fails with axe-core's own report."""
    for colours, rules in (("dark", CONTRAST), ("light", RULES)):
        page.emulate_media(color_scheme=colours)
        found = Axe().run(page, options=rules | BRIEFLY)
        assert not found.violations_count, f"{page.url} ({colours})\n{found.generate_report()}"


def test_what_guests_see_is_accessible(service: Service, visitors: Visitors) -> None:
    page = visitors.come(refusals=(404, 409, 400))
    event = open_event(service, capacity=1, waitlist_capacity=1)
    page.goto(f"/e/{event.id}")
    page.locator("#send").click()
    check(page)
    for guest, headline in ((1, "You have a seat"), (2, "You are on the waitlist"), (3, "No seat this time")):
        if guest == 3:
            page.goto(f"/e/{event.id}")
            expect(page.locator("#chip")).to_have_text("Sold out")
            check(page)
            continue
        register(page, event.id, guest)
        sees(page, headline)
        page.locator("summary").click()
        check(page)
    offers = open_event(service, hold={"seconds": 3600, "confirmed_by": "holder", "applies_to": "all"})
    register(page, offers.id, 1)
    sees(page, "A seat is yours to take")
    check(page)
    for path in ("/e/999999", "/t/none", "/"):
        page.goto(path)
        check(page)


@pytest.mark.soak(only=True)
def test_the_console_is_accessible(service: Service, visitors: Visitors) -> None:
    page = visitors.come(phone=False)
    event = open_event(service, capacity=5)
    event.decided(event.admit("console")[0])
    page.goto("/console/login")
    check(page)
    sign_in(page, service.token())
    types = [{"name": "Hall", "capacity": 3}, {"name": "Balcony", "capacity": 2, "waitlist_capacity": 1}]
    page.goto(f"/console/events/{open_event(service, ticket_types=types).id}")
    expect(page.locator("#types figure")).to_have_count(2)
    page.get_by_text("The figures as a table").click()
    expect(page.locator("#table-rows")).to_contain_text("Nothing was decided")
    check(page)
    for path in screens(event.id):
        page.set_viewport_size(PHONE)
        page.goto(path)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        fits(page)
        page.set_viewport_size(DESK)
        check(page)


def fits(page: Page) -> None:
    """Fails if the page can be pushed aside, or its own tab or menu is out of sight."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    for current in page.locator("nav:not(.languages) [aria-current]").all():
        expect(current).to_be_in_viewport(ratio=0.9)


def screens(event_id: int) -> Iterator[str]:
    yield "/console"
    yield "/console/events/new"
    yield "/console/webhooks"
    yield "/console/tokens"
    yield "/console/audit"
    for part in ("/attendees", "/waitlist", "/codes", "/check-in", "/edit"):
        yield f"/console/events/{event_id}{part}"
