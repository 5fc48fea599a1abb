"""An organizer's tokens at the console: made, shown once, used at the entrance, revoked, and on record."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sign_in
from tests.support.waiting import wait_until


def make_none_while_the_page_loads(page: Page) -> None:
    """What the page loads by itself takes back nothing of what it tells."""
    held: list[Route] = []
    page.route("**/events?*page_size=100", lambda route: held.append(route), times=1)
    page.get_by_role("link", name="Tokens").click()
    wait_until(lambda: page.evaluate("true") and held, "the first of its lists is asked for")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_role("alert")).to_be_visible()
    held.pop().continue_()
    expect(page.locator("[aria-busy]")).to_have_count(0)
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.soak(only=True)
def test_a_token_for_the_entrance_opens_no_more_than_that(service: Service, visitors: Visitors) -> None:
    event = open_event(service, name="Guarded")
    page = visitors.come(phone=False, refusals=(400,))
    sign_in(page, service.token())
    make_none_while_the_page_loads(page)
    page.get_by_label("Label").fill("North door")
    page.get_by_label("Event").select_option("Guarded")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#secret code")).to_contain_text("omn_")
    token = page.locator("#secret code").inner_text()
    row = page.locator("#rows tr", has_text="North door")
    expect(row).to_contain_text("check-in")
    expect(row).to_contain_text("Guarded")

    door = visitors.come(refusals=(403,))
    sign_in(door, token)
    door.locator("#list a", has_text="Guarded").click()
    door.wait_for_url(f"**/console/events/{event.id}/check-in")
    expect(door.get_by_role("link", name="Live")).to_have_count(0)
    expect(door.get_by_role("link", name="Tokens")).to_have_count(0)
    door.goto("/console/tokens")
    expect(door.get_by_role("heading", level=1)).to_have_text("Not with this token")

    visitors.session_ends(door)
    row.get_by_role("button").click()
    row.get_by_role("button", name="Really revoke?").click()
    expect(row).to_contain_text("Revoked")
    door.goto("/console")
    door.wait_for_url("**/console/login*")

    page.get_by_role("link", name="Audit trail").click()
    expect(page.locator("#rows tr").first).to_contain_text("token revoked")
    assert token not in page.content()
