"""The console in other languages: chosen, carried on, written as the language does, and no wider than a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors
from tests.support.waiting import wait_until

# The narrowest that phones are.
NARROW = {"width": 360, "height": 740}


def signed_in(page: Page, token: str, language: str) -> Page:
    """Signs in on the page in this language."""
    page.goto(f"/console/login?language={language}")
    page.locator("#token").fill(token)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console?language={language}")
    return page


def screens(event_id: int) -> Iterator[str]:
    yield from ("/console", "/console/events/new", "/console/webhooks", "/console/tokens", "/console/audit")
    for part in ("", "/attendees", "/waitlist", "/codes", "/mails", "/check-in", "/edit"):
        yield f"/console/events/{event_id}{part}"


def test_an_organizer_works_in_german_and_what_the_service_refuses_is_german_too(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, capacity=12_000, max_quantity=20)
    event.decided(event.admit("one")[0])
    page = signed_in(visitors.come(phone=False, refusals=(400, 409)), service.token(), "de")
    expect(page.get_by_text("1 von 12.000 Plätzen vergeben").first).to_be_visible()
    page.goto(f"/console/events/{event.id}/attendees?language=de")
    expect(page.locator("#count")).to_have_text("1 Ticket")
    page.get_by_role("link", name="Bearbeiten").click()
    page.wait_for_url("**/edit?language=de")
    page.get_by_label("Plätze", exact=True).fill("0")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_role("alert")).to_have_text("Bitte prüfen Sie Ihre Angaben.")
    expect(page.get_by_text("Dieser Wert muss mindestens 1 sein.")).to_be_visible()
    page.get_by_role("link", name="日本語").click()
    expect(page.get_by_role("button", name="保存")).to_be_visible()
    expect(page.get_by_label("イベント名")).to_have_value(re.compile("."))
    page.get_by_role("button", name="ログアウト").click()
    expect(page.get_by_role("button", name="ログイン")).to_be_visible()


@pytest.mark.soak(only=True)
def test_every_screen_fits_a_phone_in_every_language_and_from_right_to_left(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=5)
    event.admit("one", "two")
    wait_until(lambda: event.queued() == 0, "both are decided")
    wide = []
    for language in ("de", "fr", "es", "ja"):
        page = signed_in(visitors.come(viewport=NARROW), service.token(), language)
        for path in screens(event.id):
            page.goto(f"{path}?language={language}")
            expect(page.locator("[aria-busy]")).to_have_count(0)
            for direction in ("ltr", "rtl"):
                page.evaluate("(direction) => { document.documentElement.dir = direction; }", direction)
                beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                wide += [f"{path} in {language}, {direction}: {beyond} px"] if beyond > 0 else []
    assert wide == []
