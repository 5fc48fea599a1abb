"""Seats that are set aside: at a holder whose clock is wrong, and at the organizer's console."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.support.service.event import Event, open_event
from tests.support.service.holds import let_run_out
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, register, sees, sign_in, stayed, stays, ticket_of

HOUR = {"seconds": 3600, "confirmed_by": "holder", "applies_to": "all"}
OFFER, WAITING = "A seat is yours to take", "You are on the waitlist"
# A device whose clock is two days fast.
WRONG_CLOCK = "const real = Date.now; Date.now = () => real() + 172800000;"


def guest_with(visitors: Visitors, event: Event, guest: int, headline: str) -> Page:
    page = visitors.come(init=WRONG_CLOCK)
    register(page, event.id, guest)
    sees(page, headline)
    stays(page)
    return page


@pytest.mark.soak(only=True)
def test_an_offer_is_taken_let_go_and_runs_out_whatever_the_devices_clock_says(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, capacity=2, waitlist_capacity=5, hold=HOUR)
    first, second = (guest_with(visitors, event, guest, OFFER) for guest in (1, 2))
    third, fourth = (guest_with(visitors, event, guest, WAITING) for guest in (3, 4))
    left = first.locator("#left")
    expect(left).to_have_text(re.compile(r"^00:5\d:\d\d$"))
    seconds = first.evaluate("document.getElementById('left').textContent")
    expect(left).not_to_have_text(seconds)
    first.get_by_role("button", name="Take it").click()
    sees(first, "You have a seat")
    assert "confirming" not in first.url
    second.get_by_role("button", name="Let it go").click()
    sees(second, "Your registration is cancelled")
    sees(third, OFFER)
    let_run_out(event, ticket_of(third))
    sees(third, "The time is over")
    expect(third.locator("#announce")).to_have_text("The time is over")
    sees(fourth, OFFER)
    for page in (third, fourth):
        stayed(page)
    third.get_by_role("link", name="Register again").click()
    expect(third.locator("#hold")).to_contain_text("set aside for 1 hour")


@pytest.mark.soak(only=True)
def test_an_organizer_sets_a_hold_and_sees_what_runs_out_next(service: Service, visitors: Visitors) -> None:
    page = visitors.come(phone=False)
    sign_in(page, service.token())
    page.goto("/console/events/new")
    page.get_by_label("Name").fill("Paid drop")
    page.get_by_label("Where").fill("Hall 1")
    page.get_by_label("Seats", exact=True).fill("3")
    start = datetime.now() + timedelta(days=30)
    page.get_by_label("Start").fill(f"{start:%Y-%m-%dT%H:%M}")
    page.get_by_label("End", exact=True).fill(f"{start + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    page.get_by_label("Confirmed by").select_option("organizer")
    page.get_by_label("Minutes").fill("2.5")
    page.get_by_role("button", name="Create the event").click()
    page.wait_for_url(re.compile(r"/console/events/\d+$"))
    event = Event(service, int(page.url.rpartition("/")[2]), 3)
    assert event.public()["hold"] == {"seconds": 150, "confirmed_by": "organizer", "applies_to": "all"}
    expect(page.locator("#f-held")).to_have_text("0")
    [ticket_id] = event.admit(1)
    expect(page.locator("#f-held")).to_have_text("1")
    expect(page.locator("#f-confirmed")).to_have_text("1")
    expect(page.locator("#holds-rows")).to_contain_text("Guest 1")
    expect(page.locator("#holds-count")).to_have_text("1 within 5 minutes")
    let_run_out(event, ticket_id)
    expect(page.locator("#holds-rows")).to_have_text("None.")
    edit = page.get_by_role("link", name="Edit").get_attribute("href") or ""
    page.goto(f"/console/events/{event.id}/attendees")
    page.locator("#add-guest summary").click()
    page.locator("#guest-name").fill("Guest Two")
    page.locator("#guest-email").fill("two@example.org")
    page.get_by_role("button", name="Add the guest").click()
    expect(page.locator("#guest-told")).to_contain_text("A seat is set aside for the guest until")
    page.goto(edit)
    expect(page.get_by_label("Minutes")).to_have_value("2.5")
    page.get_by_label("Confirmed by").select_option("")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_have_text("Saved.")
    assert event.public()["hold"] is None
