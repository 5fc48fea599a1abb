"""The widget on pages of another origin, under a policy that allows its script and its requests, and nothing else."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Route, expect

from tests.support.embedding_site import EmbeddingSite
from tests.support.service.drains import drains_stopped
from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors
from tests.support.widget import HEARS, NO_ANSWER, base, embed, fill_in, heard, kept, says, script


def test_a_visitor_elsewhere_registers_sees_the_line_and_is_confirmed(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    event = open_event(service)
    page = visitors.come(init=HEARS, complaint=("is on this page already", NO_ANSWER))
    page.goto(embed(elsewhere, service, script(service, event) + script(service, event)))
    expect(page.locator("omnify-registration")).to_have_count(1)
    with drains_stopped(service):
        fill_in(page, "elsewhere")
        says(page, "You are in line")
        expect(page.locator("[data-is=position]")).to_have_text("1")
        expect(page.locator("[data-is=wait]")).to_contain_text("Expected wait: about")
        expect(page.locator("h3")).to_be_focused()
        page.reload()
        says(page, "You are in line")
        service.kill_a_door()
    says(page, "You have a seat")
    assert event.places_given() == 1
    [ticket] = kept(page)["tickets"]
    assert "example.org" not in json.dumps(kept(page))
    href = page.get_by_role("link", name="Open your ticket").get_attribute("href")
    assert href == f"{base(service)}/t/{ticket}?language=en"
    statuses = [detail["status"] for name, detail in heard(page) if name == "omnify:status"]
    assert statuses == ["queued", "confirmed"]
    assert ticket not in json.dumps(heard(page))


def test_a_page_whose_origin_is_not_allowed_says_where_to_register(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    event = open_event(service)
    page = visitors.come(complaint=("CORS policy", NO_ANSWER))
    page.goto(embed(elsewhere, service, script(service, event)).replace(elsewhere.origin, elsewhere.wrong_origin))
    expect(page.locator("omnify-registration")).to_contain_text("cannot be reached from this page")
    link = page.get_by_role("link", name="Register on the page of the event")
    assert link.get_attribute("href") == f"{base(service)}/e/{event.id}?language=en"


@pytest.mark.soak(only=True)
def test_an_answer_that_was_lost_and_a_reload_are_still_one_registration(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    event = open_event(service)
    page = visitors.come(init=HEARS, complaint=NO_ANSWER)
    lost: list[str] = []

    def lose(route: Route) -> None:
        # It reaches the service, and the answer does not reach the browser.
        lost.append(route.fetch().json()["data"]["ticket_id"])
        route.abort()

    page.route("**/register", lose)
    page.goto(embed(elsewhere, service, script(service, event)))
    fill_in(page, "lost")
    expect(page.get_by_role("alert")).to_contain_text("We will try again in")
    page.unroute("**/register")
    page.reload()
    says(page, "You have a seat")
    assert kept(page)["tickets"] == [lost[0]]
    assert len(set(lost)) == event.places_given() == 1


@pytest.mark.soak(only=True)
def test_an_outage_is_said_and_the_registration_is_sent_when_it_is_over(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    event = open_event(service)
    page = visitors.come(refusals=(503,), complaint=NO_ANSWER)
    page.goto(embed(elsewhere, service, script(service, event)))
    expect(page.get_by_label("Name")).to_be_visible()
    service.kill("valkey")
    fill_in(page, "patient")
    # The browser may read the refusal, also from the fast path.
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent")
    service.heal()
    says(page, "You have a seat")
    service.kill("web")
    page.reload()
    expect(page.locator("omnify-registration")).to_contain_text("cannot be reached from this page")
    service.heal()
    says(page, "You have a seat")
    assert event.places_given() == 1


@pytest.mark.soak(only=True)
def test_streams_that_are_refused_are_replaced_by_long_polls(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    event = open_event(service)
    page = visitors.come(complaint=NO_ANSWER)
    page.route("**/registrations/*/events", lambda route: route.abort())
    page.goto(embed(elsewhere, service, script(service, event)))
    with drains_stopped(service):
        fill_in(page, "polling")
        says(page, "You are in line")
        with page.expect_request("**/registrations/*?wait=*"):
            pass
    says(page, "You have a seat")
