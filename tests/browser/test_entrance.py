"""The entrance: a camera where the browser reads no codes, and phones without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.support.camera_picture import film
from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sign_in
from tests.support.waiting import wait_until

# A browser that reads codes by itself sees one that is no ticket's.
READS_ITSELF = """window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect() { return [{ rawValue: "7" }]; }
};"""


def at_the_entrance(service: Service, visitors: Visitors, event: int, **options: Any) -> tuple[Page, list[str]]:
    """A phone at the event's check-in page, and the decoder's files that it asks for."""
    page = visitors.come(permissions=["camera"], **options)
    asked: list[str] = []

    def note(request: Request) -> None:
        # As scripts: the page also keeps them for the time without a network.
        if "/qr/" in request.url and request.resource_type == "script":
            asked.append(request.url)

    page.on("request", note)
    sign_in(page, service.token())
    page.goto(f"/console/events/{event}/check-in")
    return page, asked


@pytest.mark.soak(only=True)
def test_a_camera_lets_in_where_the_browser_reads_no_codes(
    service: Service, visitors: Visitors, camera_film: Path
) -> None:
    event = open_event(service, capacity=5)
    ticket = event.decided(event.admit("filmed")[0])
    film(ticket["check_in_code"], camera_film)
    page, asked = at_the_entrance(service, visitors, event.id)
    expect(page.locator("#count")).to_have_text("0 of 1 are in")
    assert asked == [], "the decoder is loaded with the camera"
    page.get_by_role("button", name="Use this device's camera").click()
    expect(page.locator("#verdict")).to_contain_text("Guest filmed")
    assert len(asked) == 2
    # The code is still before the camera: what is undone stays undone.
    page.locator("#log").get_by_role("button", name="Undo").click()
    expect(page.locator("#verdict")).to_contain_text("Undone")
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.locator("video")).to_be_hidden()
    expect(page.locator("#log li")).to_have_count(2)

    other, unasked = at_the_entrance(service, visitors, event.id, init=READS_ITSELF)
    other.get_by_role("button", name="Use this device's camera").click()
    expect(other.locator("#rows")).to_have_text("No guest with a seat has this name.")
    assert unasked == []


def scan(page: Page, code: str, headline: str, *, people: int | None = None) -> None:
    """A scanner that types; of a group, so many come in."""
    if people is not None:
        page.get_by_label("People").fill(str(people))
    page.get_by_label("Ticket").fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Ticket")).to_have_value("")
    expect(page.locator("#verdict .figure")).to_have_text(headline)


@pytest.mark.soak(only=True)
def test_two_phones_without_a_network_let_one_ticket_in_and_one_of_them_says_so(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, name="Cellar", capacity=9, max_quantity=4)
    friends = event.register("four", quantity=4).data["ticket_id"]
    tickets = [event.decided(ticket) for ticket in (*event.admit("one", "two"), friends)]
    [code, other, group] = [ticket["check_in_code"] for ticket in tickets]
    unknown = code[:-1] + ("A" if code[-1] != "A" else "B")
    phones = [at_the_entrance(service, visitors, event.id, refusals=(409,))[0] for _ in range(2)]
    for phone in phones:
        expect(phone.locator("#ready")).to_contain_text("Works without a network: 3 tickets")
        phone.context.set_offline(True)
        phone.reload()
        expect(phone.get_by_role("heading", level=1)).to_have_text("Cellar")
        expect(phone.locator("#offline")).to_contain_text("cannot be reached")
        scan(phone, code, "Let in offline")
        expect(phone.locator("#verdict")).to_have_attribute("data-state", "offline")
        scan(phone, code, "Already in")
        scan(phone, unknown, "Not on the list")
        scan(phone, "Guest one", "No network")
    # No more of a group than there are, by the list; but each phone has its own.
    scan(phones[0], group, "Let in offline", people=3)
    scan(phones[0], group, "Too many", people=2)
    scan(phones[1], group, "Let in offline", people=2)
    scan(phones[0], other, "Let in offline")
    phones[0].locator("#log").get_by_role("button", name="Undo").first.click()
    expect(phones[0].locator("#verdict .figure")).to_have_text("Undone")
    for phone in phones:
        phone.reload()
        expect(phone.locator("#offline")).to_contain_text("2 check-ins wait to be sent")
    for phone in phones:
        phone.context.set_offline(False)
        expect(phone.locator("#offline")).to_be_hidden()
        expect(phone.locator("#count")).to_have_text("2 of 3 are in")
    expect(phones[0].locator("#log")).to_contain_text("Sent · Guest one")
    expect(phones[0].locator("#conflicts")).to_be_hidden()
    phones[1].reload()
    conflicts = phones[1].locator("#conflict-list li")
    expect(conflicts).to_have_count(2)
    expect(conflicts.filter(has_text=tickets[0]["reference"])).to_contain_text("but had come in already")
    expect(conflicts.filter(has_text=", 2 people, was let in")).to_contain_text("but 3 of 4 had come in already")
    for _ in range(2):
        phones[1].get_by_role("button", name="Seen").first.click()
    expect(phones[1].locator("#conflicts")).to_be_hidden()
    inside = "SELECT quantity, partly_in FROM events_registration WHERE event_id = %s AND checked_in_at IS NOT NULL"
    assert sorted(service.rows(inside, event.id)) == [(1, None), (4, 3)]


def test_what_is_taken_back_without_a_network_is_taken_back_at_the_service_too(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, capacity=5)
    tickets = [event.decided(ticket) for ticket in event.admit("lost", "named")]
    code, other = (ticket["check_in_code"] for ticket in tickets)
    page, _ = at_the_entrance(service, visitors, event.id)
    expect(page.locator("#ready")).to_contain_text("Works without a network: 2 tickets")
    # A guest who was found by name: the list of before does not know it.
    scan(page, tickets[1]["reference"], "Welcome")

    lost: list[int] = []

    def lose_the_answer(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        page.context.set_offline(True)
        return route.abort()

    page.route("**/check-ins", lose_the_answer)
    scan(page, code, "Let in offline")
    assert lost == [200]
    scan(page, other, "Already in")
    page.locator("#log").get_by_role("button", name="Undo").first.click()
    expect(page.locator("#verdict .figure")).to_have_text("Undone")
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    wait_until(lambda: entered(service, event.id) == [tickets[1]["reference"]], "the check-in is undone")
    scan(page, code, "Welcome")


def entered(service: Service, event: int) -> list[str]:
    """The references of those who are in."""
    asked = (
        "SELECT ticket_key FROM events_registration WHERE event_id = %s AND checked_in_at IS NOT NULL ORDER BY sequence"
    )
    return [f"{event}-{key[:8]}" for (key,) in service.rows(asked, event)]


def test_the_check_in_page_is_an_app_that_signing_out_removes(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=5)
    [code] = [event.decided(ticket)["check_in_code"] for ticket in event.admit("one")]
    page, _ = at_the_entrance(service, visitors, event.id)
    expect(page.locator("#ready")).to_contain_text("Works without a network")
    browser = page.context.new_cdp_session(page)
    manifest = browser.send("Page.getAppManifest")
    assert (manifest["errors"], f"/console/events/{event.id}/check-in" in manifest["data"]) == ([], True)
    problems = browser.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one["errorId"] for one in problems if one["errorId"] != "in-incognito"] == []
    assert page.evaluate("caches.keys()") == [f"/console/events/{event.id}/check-in"]
    page.route("**/check-ins", lambda route: route.abort())
    scan(page, code, "Let in offline")
    # From any page of the console. What is not sent is not lost unasked.
    page.goto("/console")
    questions: list[str] = []
    for answer in ("dismiss", "accept"):
        waiting, cache = kept(page)
        assert (waiting.split(" ")[0], cache) == (
            f"check-in/{event.id}/waiting/{code}",
            f"/console/events/{event.id}/check-in",
        )
        page.once(
            "dialog", lambda question, answer=answer: (questions.append(question.message), getattr(question, answer)())
        )
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Organizer's token")).to_be_visible()
    assert [f"event {event.id} " in question for question in questions] == [True, True]
    assert kept(page) == []


def kept(page: Page) -> list[str]:
    """What the device keeps of entrances."""
    found: list[str] = page.evaluate("caches.keys().then((names) => [...Object.keys(localStorage), ...names])")
    return found
