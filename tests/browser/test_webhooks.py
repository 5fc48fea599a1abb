"""An organizer's webhooks at the console: subscribed, tried, retried, replayed, switched off and deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sign_in
from tests.support.waiting import wait_until
from tests.support.webhook_receivers import Receivers


@pytest.mark.soak(only=True)
def test_a_webhook_lives_its_whole_life_at_the_console(service: Service, visitors: Visitors) -> None:
    event = open_event(service, name="Hooked")
    page = visitors.come(phone=False, refusals=(400,))
    page.clock.install()
    sign_in(page, service.token())
    with Receivers() as receivers:
        page.get_by_role("link", name="Webhooks").click()
        page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Address").fill(receivers.url("/status/503"))
        page.get_by_label("Event", exact=True).select_option("Hooked")
        page.get_by_role("button", name="Subscribe").click()
        expect(page.locator("#secret code")).to_contain_text("whsec_")
        secret = page.locator("#secret code").inner_text()
        page.locator("#rows a").first.click()

        page.get_by_role("button", name="Send a test message").click()
        expect(page.locator("#said")).to_have_text("A test message is on its way.")
        expect(page.locator("#rows")).to_contain_text("503")
        page.get_by_role("button", name="Retry").first.click()
        expect(page.locator("#said")).to_have_text("It will be sent again.")
        expect(page.locator("#rows tr").first).to_contain_text("2")

        event.decided(event.admit("hooked")[0])
        expect(page.locator("#rows")).to_contain_text("registration.confirmed")
        since = datetime.now() - timedelta(hours=1)
        page.get_by_label("Send again what was decided since").fill(f"{since:%Y-%m-%dT%H:%M}")
        page.get_by_role("button", name="Replay").click()
        expect(page.locator("#said")).to_have_text("These messages will be sent again.")
        receivers.got[0].verify(secret)

        page.get_by_role("button", name="Rotate the secret").click()
        expect(page.locator("#secret code")).not_to_have_text(secret)
        page.get_by_role("button", name="Disable").click()
        expect(page.locator("#chip")).to_have_text("Disabled: by hand")
        page.get_by_role("button", name="Enable").click()
        expect(page.locator("#chip")).to_have_text("Active")
        delete_it(page)
        page.wait_for_url("**/console/webhooks")
        expect(page.locator("#rows a", has_text="/status/503")).to_have_count(0)


def delete_it(page: Page) -> None:
    """Deletes the webhook. From then on its page asks for nothing more of it, however long the answer takes."""
    held: list[Route] = []
    page.route(page.url.replace("/console", ""), lambda route: held.append(route))
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Really delete?").click()
    wait_until(lambda: page.evaluate("true") and held, "it is asked to be deleted")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(60_000)
    assert asked == []
    held.pop().continue_()


def test_the_event_can_be_any_of_many(service: Service, visitors: Visitors) -> None:
    """A page of the list holds a hundred; here one, so that a few are many."""
    for name in ("First of many", "Last of many"):
        open_event(service, name=name)
    page = visitors.come(phone=False)
    sign_in(page, service.token())
    page.route("**/events?*page_size=100*", lambda route: route.continue_(url=route.request.url.replace("=100", "=1")))
    for path in ("/console/webhooks", "/console/tokens"):
        page.goto(path)
        for name in ("First of many", "Last of many"):
            page.get_by_label("Event", exact=True).select_option(name)
