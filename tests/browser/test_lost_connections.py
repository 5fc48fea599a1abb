"""Pages without an answer, a service or a network: one registration, and a ticket that recovers by itself."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.support.service.drains import drains_stopped
from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, register, sees, stayed, stays, ticket_of


def test_a_lost_answer_and_a_second_click_are_still_one_registration(service: Service, visitors: Visitors) -> None:
    event = open_event(service)
    page = visitors.come()
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            # It reaches the service, and the answer does not reach the browser.
            lost.append(route.fetch().json()["data"]["ticket_id"])
            route.abort()

    page.route("**/register", lose_the_first)
    page.goto(f"/e/{event.id}")
    page.get_by_label("Name").fill("Guest")
    page.get_by_label("E-mail").fill("twice@example.org")
    page.locator("#send").dblclick()
    page.wait_for_url("**/t/*")
    assert [ticket_of(page)] == lost
    assert event.places_given() == 1


def test_an_outage_is_said_and_the_form_sends_itself_when_it_is_over(service: Service, visitors: Visitors) -> None:
    event = open_event(service)
    page = visitors.come(refusals=(503,))
    page.goto(f"/e/{event.id}")
    service.kill("valkey")
    page.get_by_label("Name").fill("Guest")
    page.get_by_label("E-mail").fill("patient@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent")
    expect(page.get_by_role("alert")).to_contain_text("We will try again in")
    service.heal()
    page.wait_for_url("**/t/*")
    sees(page, "You have a seat")


def test_a_ticket_recovers_from_a_lost_connection_by_itself(service: Service, visitors: Visitors) -> None:
    event = open_event(service)
    page = visitors.come()
    with drains_stopped(service):
        register(page, event.id, "tunnel")
        stays(page)
        page.context.set_offline(True)
        expect(page.locator("#trouble")).to_be_visible()
    event.decided(ticket_of(page))
    page.context.set_offline(False)
    sees(page, "You have a seat")
    expect(page.locator("#trouble")).to_be_hidden()
    stayed(page)


def test_a_ticket_recovers_when_the_server_was_gone(service: Service, visitors: Visitors) -> None:
    event = open_event(service)
    page = visitors.come()
    with drains_stopped(service):
        register(page, event.id, "patient")
        stays(page)
        service.kill("web")
        expect(page.locator("#trouble")).to_be_visible()
        service.start_part("web")
        expect(page.locator("#trouble")).to_be_hidden()
    sees(page, "You have a seat")
    stayed(page)
