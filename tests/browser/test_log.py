"""A place in the public log, checked in the visitor's own browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.service.decision_log import change_by_hand
from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, register, sees


def test_a_browser_proves_that_a_ticket_is_in_the_log_and_says_if_it_is_not(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, capacity=300)
    event.admit(*range(1, 8))
    page = visitors.come()
    register(page, event.id, 8)
    sees(page, "You have a seat")
    found, check = page.locator("#log-found"), page.get_by_role("button", name="Check my place in the public log")
    check.click()
    expect(found).to_contain_text("Your place is in the public log.")
    expect(found).to_contain_text("registration: confirmed")
    expect(found).to_contain_text("signature")
    altered = "UPDATE events_decisionlogchunk SET entries = set_byte(entries, 12, 1) WHERE log_id = %s"
    change_by_hand(event, altered, event.id)
    check.click()
    expect(found).to_contain_text("This is not as it must be.")
    expect(found).to_contain_text("is not in the log that was signed")
    page.goto(f"/e/{event.id}")
    page.get_by_role("button", name="Look at the public log").click()
    expect(page.locator("#log-found")).to_contain_text("8 of 300 seats are taken")
