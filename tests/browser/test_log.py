"""A place in the public log, checked in the visitor's own browser."""

from __future__ import annotations

from base64 import b64encode
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from tests.support.forged_notes import forged_note
from tests.support.service.decision_log import change_by_hand
from tests.support.service.event import Event, open_event
from tests.support.service.holds import held, let_run_out
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, register, sees
from tests.support.waiting import wait_until
from verify.omnify_verify import key_id


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
    # A note that anyone can sign: the key is a point of small order.
    key = bytes([1]) + bytes(31)
    name, note = "example.org/events/7/log", forged_note(key)
    verifier_key = f"{name}+{key_id(name, key).hex()}+{b64encode(bytes([1]) + key).decode()}"
    page.route("**/log/checkpoint", lambda route: route.fulfill(body=note))
    page.route("**/log/key", lambda route: route.fulfill(body=verifier_key))
    page.get_by_role("button", name="Look at the public log").click()
    expect(page.locator("#log-found")).to_contain_text("anyone can sign")


def proves(page: Page, ticket_id: str, *said: str) -> None:
    """The ticket's page finds these entries of it in the log."""
    page.goto(f"/t/{ticket_id}")
    page.get_by_role("button", name="Check my place in the public log").click()
    found = page.locator("#log-found")
    for text in ("Your place is in the public log.", *said, "Its signature is right"):
        expect(found).to_contain_text(text)


def has_status(event: Event, ticket_id: str, status: str) -> bool:
    return bool(event.ticket(ticket_id)["status"] == status)


@pytest.mark.soak(only=True)
def test_a_browser_proves_what_became_of_tickets_that_ran_out_were_given_back_or_moved_up(
    service: Service, visitors: Visitors
) -> None:
    hold = {"seconds": 86_400, "confirmed_by": "organizer", "applies_to": "all"}
    event, page = open_event(service, capacity=2, waitlist_capacity=5, hold=hold), visitors.come()
    expired, cancelled, holding, paid = event.admit(1, 2, 3, 4)
    held(event, cancelled)
    let_run_out(event, expired)
    assert event.give_back(cancelled).status == 202
    for ticket in (holding, paid):
        held(event, ticket)
    assert event.confirm(paid, "payment", as_organizer=True).status == 202
    wait_until(partial(has_status, event, paid, "confirmed"), "the payment is in")
    proves(page, expired, "registration: held", "expiry: the time was over")
    proves(page, cancelled, "registration: held", "cancellation: by its holder")
    proves(page, holding, "registration: on the waitlist", "promotion: held")
    proves(page, paid, "registration: on the waitlist", "promotion: held", "confirmation: confirmed")
    page.goto(f"/e/{event.id}")
    page.get_by_role("button", name="Look at the public log").click()
    expect(page.locator("#log-found")).to_contain_text("2 of 2 seats are taken")
