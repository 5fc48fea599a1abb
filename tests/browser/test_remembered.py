"""What only a guest's own browser knows of a ticket."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, register, sees


def test_a_ticket_shows_the_name_that_was_typed_here_and_what_was_changed_since(
    service: Service, visitors: Visitors
) -> None:
    page, other = visitors.come(), visitors.come()
    event = open_event(service)
    register(page, event.id, 1)
    sees(page, "You have a seat")
    expect(page.locator("#holder")).to_contain_text("Guest 1")
    expect(page.locator("#changed")).to_be_hidden()
    assert event.change(location="Old mill").status == 200
    page.reload()
    expect(page.locator("#changed-where dd")).to_have_text("Hall Old mill")
    expect(page.locator("#changed-when")).to_be_hidden()
    # In another browser nothing is known of it, and the page does not tell.
    other.goto(page.url)
    sees(other, "You have a seat")
    expect(other.locator("article[data-ready]")).to_be_visible()
    assert "Guest 1" not in other.content()
    expect(other.locator("#changed")).to_be_hidden()
