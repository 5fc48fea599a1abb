"""A registration that its organizer pauses while a guest is typing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sees, sign_in

# What the page does by itself every ten seconds or so.
LOOK = "window.dispatchEvent(new Event('online'))"


@pytest.mark.soak(only=True)
def test_the_form_keeps_what_was_typed_and_is_sent_when_registration_goes_on(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service)
    organizer, guest = visitors.come(phone=False), visitors.come()
    sign_in(organizer, service.token())
    organizer.goto(f"/console/events/{event.id}")
    guest.goto(f"/e/{event.id}")
    guest.get_by_label("Name").fill("Guest 1")
    guest.get_by_label("E-mail").fill("guest1@example.org")
    organizer.get_by_role("button", name="Pause registration").click()
    expect(organizer.locator("#chip")).to_have_text("Registration paused")
    guest.evaluate(LOOK)
    expect(guest.locator("#paused")).to_be_visible()
    expect(guest.locator("#chip")).to_have_text("Registration paused")
    expect(guest.locator("#send")).to_be_disabled()
    organizer.get_by_role("button", name="Resume registration").click()
    expect(organizer.get_by_role("button", name="Pause registration")).to_be_visible()
    guest.evaluate(LOOK)
    expect(guest.locator("#paused")).to_be_hidden()
    expect(guest.locator("#chip")).to_have_text("Registration open")
    guest.locator("#send").click()
    guest.wait_for_url("**/t/*")
    sees(guest, "You have a seat")
