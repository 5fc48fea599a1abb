"""The widget and events of every kind: times, types, codes, holds, waitlists, languages, and eyes that see less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from events.pages.widget import assemble
from events.pages.widget_texts import widget_texts
from omnify.common.languages.language import Language
from tests.support.embedding_site import EmbeddingSite
from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors
from tests.support.waiting import wait_until
from tests.support.widget import base, embed, fill_in, kept, says, script

pytestmark = pytest.mark.soak(only=True)
ARABIC = Language("ar", locale=Path(__file__).parents[1] / "support" / "locale")
OFFER = {"seconds": 3600, "confirmed_by": "holder", "applies_to": "all"}
# What the page around lacks is not the widget's.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def check(page: Page) -> None:
    """Fails with what axe-core finds, in light and in dark colours."""
    for colours in ("dark", "light"):
        page.emulate_media(color_scheme=colours)
        found = Axe().run(page, context={"include": [["omnify-registration"]]}, options=RULES)
        # axe's own report cannot name what is in a shadow root.
        wrong = [
            (one["id"], node["html"], node["failureSummary"])
            for one in found.response["violations"]
            for node in one["nodes"]
        ]
        assert wrong == [], colours


def test_a_form_opens_by_itself_and_not_early_whatever_the_clock_says(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    opens = datetime.now(UTC) + timedelta(seconds=12)
    event = open_event(service, registration_opens_at=opens.isoformat())
    page = visitors.come(init="const real = Date.now; Date.now = () => real() + 3 * 86400000;")
    page.goto(embed(elsewhere, service, script(service, event)))
    says(page, "Registration opens")
    check(page)
    expect(page.get_by_label("Name")).to_be_visible()
    assert datetime.now(UTC) >= opens
    fill_in(page, "early")
    says(page, "You have a seat")


def test_a_registration_before_the_opening_is_sent_by_itself(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    opens = datetime.now(UTC) + timedelta(seconds=12)
    event = open_event(service, registration_opens_at=opens.isoformat())
    event.make_code(uses=1)
    page = visitors.come(refusals=(409,))
    page.goto(embed(elsewhere, service, script(service, event)))
    fill_in(page, "early")
    expect(page.get_by_role("alert")).to_contain_text("Registration has not opened yet.")
    says(page, "You have a seat")


def test_two_events_stand_on_one_page_each_where_it_belongs(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    first, second = open_event(service, name="First"), open_event(service, name="Second")
    body = script(service, first, target="#below", theme="dark") + script(service, second) + '<div id="below"></div>'
    page = visitors.come()
    page.goto(embed(elsewhere, service, body))
    expect(page.locator("omnify-registration h2")).to_have_text(["Second", "First"])
    below = page.locator("#below")
    below.get_by_label("Name").fill("Guest")
    below.get_by_label("E-mail").fill("below@example.org")
    below.get_by_role("button").click()
    expect(below.locator("h3")).to_have_text("You have a seat")
    expect(page.get_by_label("Name")).to_have_count(1)
    below.get_by_role("button", name="Register another person").click()
    expect(below.get_by_text("Your tickets on this device")).to_be_visible()
    expect(below.get_by_role("link")).to_have_count(1)


def test_types_quantities_refusals_and_ends_have_their_words(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    types = [
        {"name": "Hall", "capacity": 2, "max_quantity": 2, "price": "5 €"},
        {"name": "Balcony", "capacity": 1, "waitlist_capacity": 1},
    ]
    event = open_event(service, ticket_types=types)
    page = visitors.come(refusals=(400, 409))
    page.goto(embed(elsewhere, service, script(service, event)))
    page.get_by_role("button").click()
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_text("Please choose a ticket.")).to_be_visible()
    check(page)
    page.get_by_label("Ticket").select_option(label="Hall · 5 € · 2 left")
    page.get_by_label("How many seats").fill("2")
    fill_in(page, "pair")
    says(page, "You have 2 seats")
    check(page)
    page.get_by_role("button", name="Register another person").click()
    page.get_by_label("Ticket").select_option(label="Balcony · 1 left")
    fill_in(page, "pair")
    expect(page.get_by_role("alert")).to_contain_text("registered for this event already")
    fill_in(page, "balcony")
    says(page, "You have a seat")
    assert len(kept(page)["tickets"]) == 2
    assert event.cancel().status == 200
    wait_until(lambda: event.ticket(kept(page)["tickets"][0])["status"] == "cancelled", "its tickets are cancelled")
    page.evaluate("dispatchEvent(new Event('online'))")  # it looks at once
    says(page, "The event is cancelled")
    page.get_by_role("button", name="Register again").click()
    says(page, "This event is cancelled")


def test_a_seat_is_offered_and_taken(service: Service, visitors: Visitors, elsewhere: EmbeddingSite) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=1, hold=OFFER)
    page, next_one = visitors.come(), visitors.come()
    for one, guest in ((page, "holder"), (next_one, "waiting")):
        one.goto(embed(elsewhere, service, script(service, event)))
        fill_in(one, guest)
    says(page, "A seat is yours to take")
    check(page)
    # It is the ticket that says what it is: the event's hold is another one by now.
    assert event.change(hold={**OFFER, "confirmed_by": "organizer"}).status == 200
    page.reload()
    says(page, "A seat is yours to take")
    says(next_one, "You are on the waitlist")
    expect(next_one.locator("[data-is=position]")).to_have_text("1")
    page.get_by_role("button", name="Take it").click()
    says(page, "You have a seat")
    event.give_back(kept(page)["tickets"][0])
    says(next_one, "Waiting for payment")


def test_it_speaks_the_pages_language_in_its_direction(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    event = open_event(service)
    page = visitors.come()
    page.goto(embed(elsewhere, service, script(service, event), language="de-CH"))
    fill_in(page, "german", name="Name", email="E-Mail")
    expect(page.get_by_role("link", name="Ihr Ticket öffnen")).to_be_visible()
    check(page)
    # A copy on the site's own server, in a language that the service does not offer.
    own = assemble(widget_texts({"ar": ARABIC})).encode()
    elsewhere.pages["/assets/widget.js"] = ("text/javascript; charset=utf-8", own)
    body = script(service, open_event(service), src=elsewhere.origin, server=base(service))
    page.goto(embed(elsewhere, service, body, language="ar"))
    expect(page.locator("omnify-registration section")).to_have_attribute("dir", "rtl")
    button = page.get_by_role("button")
    expect(button).to_be_visible()
    assert button.evaluate("(one) => getComputedStyle(one.closest('section')).direction") == "rtl"
