"""What a browser keeps of its tickets, and the link in the mail that proves an address."""

from __future__ import annotations

from playwright.sync_api import expect

from events.domain.tickets import Tickets
from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sees, ticket_of
from tests.support.waiting import wait_until


def proving_event(service: Service) -> Event:
    """An event from before its operator switched mail off: the service under test sends none."""
    event = open_event(service)
    service.write("UPDATE events_event SET verify_email = true WHERE id = %s", event.id)
    assert event.change(name="Evening of proofs").status == 200
    wait_until(lambda: event.public()["verify_email"], "the door knows it")
    return event


def test_tickets_are_kept_on_the_device_and_a_mails_link_needs_a_click(service: Service, visitors: Visitors) -> None:
    event = proving_event(service)
    page, elsewhere = visitors.come(), visitors.come()
    page.goto(f"/e/{event.id}")
    # The form works before its script does, and keeps nothing then.
    page.locator("#event[data-ready]").wait_for()
    page.get_by_label("Name").fill("Guest")
    page.get_by_label("E-mail").fill("kept@example.org")
    page.keyboard.press("Enter")
    sees(page, "Please confirm your address")
    ticket = ticket_of(page)

    tickets = Tickets(service.secrets()[0])
    _, key = tickets.parse(ticket) or (0, "")
    token = tickets.proof_token(event_id=event.id, key=key, email_key="kept@example.org", mark=tickets.mark)
    elsewhere.goto(f"/t/{ticket}#token={token}")
    expect(elsewhere.get_by_label("Code from the mail")).to_have_value(token)
    assert token not in elsewhere.url
    elsewhere.get_by_role("link", name="Deutsch").click()
    expect(elsewhere.get_by_label("Code aus der Mail")).to_have_value(token)
    elsewhere.get_by_role("link", name="English").click()
    expect(elsewhere.get_by_label("Code from the mail")).to_have_value(token)
    assert token not in elsewhere.url
    sees(elsewhere, "Please confirm your address")
    elsewhere.get_by_role("button", name="Confirm my address").click()
    for guest in (elsewhere, page):
        sees(guest, "You have a seat")

    reference = ticket[:-20]
    mine = page.locator("#mine")
    for visitor, number in ((page, 1), (elsewhere, 0)):
        visitor.goto(f"/e/{event.id}")
        visitor.locator("#event[data-ready]").wait_for()
        expect(visitor.locator("#mine li")).to_have_count(number)
    expect(mine.get_by_role("link", name=reference)).to_have_attribute("href", f"/t/{ticket}")
    mine.get_by_role("button", name="Remove").click()
    expect(mine).to_be_hidden()
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert (ticket in kept, "receipt" in kept) == (False, True)
    page.evaluate(
        """(ticket) => localStorage.setItem(`ticket/${ticket}`,
            JSON.stringify({ event: 0, name: "Guest", at: "2026-01-01T00:00:00Z", ends: "2026-01-02T00:00:00Z" }))""",
        ticket,
    )
    page.reload()
    page.locator("#event[data-ready]").wait_for()
    assert ticket not in page.evaluate("JSON.stringify(localStorage)"), "of an event that is over nothing is kept"
