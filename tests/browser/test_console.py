"""What an organizer lives through at the console."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.service.event import Event, open_event
from tests.support.service.parts import DRAINS
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, register, sees, sign_in, ticket_of
from tests.support.waiting import wait_until


def organizer(service: Service, visitors: Visitors, *, refusals: tuple[int, ...] = ()) -> Page:
    """A browser that is signed in."""
    page = visitors.come(phone=False, refusals=refusals)
    sign_in(page, service.token())
    return page


def test_an_event_is_made_changed_and_cancelled(service: Service, visitors: Visitors) -> None:
    page = organizer(service, visitors, refusals=(400,))
    page.get_by_role("link", name="New event").click()
    page.get_by_role("button", name="Create the event").click()
    expect(page.get_by_role("alert")).to_have_text("The request is not valid.")
    start = datetime.now() + timedelta(days=30)
    fill_in(page, name='Gala <b>"A"</b>', where="Hall 1", seats="3", start=start)
    page.get_by_role("button", name="Create the event").click()
    page.wait_for_url(re.compile(r"/console/events/\d+$"))
    event = Event(service, int(page.url.rpartition("/")[2]), 3)
    expect(page.get_by_role("heading", name='Gala <b>"A"</b>')).to_be_visible()
    guest = visitors.come()
    register(guest, event.id, 1)
    sees(guest, "You have a seat")
    expect(page.locator("#f-confirmed")).to_have_text("1")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Name")).to_have_value('Gala <b>"A"</b>')
    page.get_by_label("Seats", exact=True).fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_have_text("Saved.")
    page.get_by_role("link", name="Live").click()
    expect(page.locator("#f-capacity")).to_have_text("of 5")
    page.locator("#cancel summary").click()
    page.get_by_label("Type the event's name to go on").fill('Gala <b>"A"</b>')
    page.get_by_role("button", name="Cancel the event").click()
    expect(page.locator("#chip")).to_have_text("Cancelled")
    guest.reload()
    sees(guest, "The event is cancelled")


def test_a_name_is_compared_as_it_is_seen(service: Service, visitors: Visitors) -> None:
    event = open_event(service, name="Launch\u00a0 night \u2013 Jose\u0301\u2019s \u05d3\u05d5\u05d3")
    page = organizer(service, visitors)
    page.goto(f"/console/events/{event.id}")
    expect(page.get_by_role("heading", level=1).locator("bdi")).to_have_text(re.compile("^Launch"))
    page.locator("#cancel summary").click()
    sure = page.get_by_label("Type the event's name to go on")
    sure.fill("Launch night")
    page.get_by_role("button", name="Cancel the event").click()
    expect(page.get_by_text("This is not the event's name.")).to_be_visible()
    sure.fill("launch night - Jos\u00e9's \u05d3\u05d5\u05d3 ")
    page.get_by_role("button", name="Cancel the event").click()
    expect(page.locator("#chip")).to_have_text("Cancelled")


def fill_in(page: Page, *, name: str, where: str, seats: str, start: datetime) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Where").fill(where)
    page.get_by_label("Seats", exact=True).fill(seats)
    page.get_by_label("Start").fill(f"{start:%Y-%m-%dT%H:%M}")
    page.get_by_label("End", exact=True).fill(f"{start + timedelta(hours=3):%Y-%m-%dT%H:%M}")


@pytest.mark.soak(only=True)
def test_the_charts_show_a_rehearsal_as_it_runs(service: Service, visitors: Visitors) -> None:
    page = organizer(service, visitors)
    before = int(service.rows("SELECT coalesce(max(id), 0) FROM events_event")[0][0])
    with service.rehearsal("--people", "1500", "--seats", "400", "--rate", "400"):
        with service.frozen(DRAINS[0]), service.frozen(DRAINS[1]):  # or the door may turn away all that are too many
            event = Event(service, wait_until(lambda: newer(service, before), "the rehearsal has its event"), 400)
            page.goto(f"/console/events/{event.id}")
            wait_until(lambda: event.queued() > 420, "more are queued than there are seats")
        expect(page.locator("#c-rates polyline.s1")).to_have_attribute("points", re.compile(r"\d+\.\d,\d.* .*"))
        expect(page.locator("#f-confirmed")).to_have_text("400")
        expect(page.locator("#c-rejected .key.s1")).to_have_text(re.compile(r"Sold out [1-9]"))
        expect(page.locator("#c-seats svg")).to_have_attribute("aria-label", re.compile("Confirmed 400"))
    points = page.locator("#c-seats polyline.s1").get_attribute("points")
    page.reload()
    expect(page.locator("#c-seats polyline.s1")).to_have_attribute("points", re.compile(r" .* "))
    assert points
    page.get_by_label("Show").select_option("24")
    page.get_by_text("The figures as a table").click()
    expect(page.locator("#table-rows").get_by_role("cell", name="400", exact=True).first).to_be_visible()
    expect(page.locator("#c-seats .axis")).to_contain_text(re.compile(r"\d+ (sec|min)\.? ago"))


def newer(service: Service, before: int) -> int:
    return int(service.rows("SELECT coalesce(max(id), 0) FROM events_event WHERE id > %s", before)[0][0])


def test_a_guest_is_checked_in_once_and_refused_the_second_time(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=1)
    guest, late = visitors.come(), visitors.come(refusals=(409,))
    register(guest, event.id, "punctual")
    sees(guest, "You have a seat")
    page = organizer(service, visitors, refusals=(409, 404))
    page.goto(f"/console/events/{event.id}/check-in")
    verdict = page.locator("#verdict")
    expect(page.get_by_label("Ticket")).to_be_focused()
    for scanned, headline, text in (
        (ticket_of(guest), "Welcome", "Guest punctual"),
        (guest.url, "Already in", "Checked in at"),
        (ticket_of(guest)[:-1] + "!", "No ticket", "not a ticket"),
        (swapped(ticket_of(guest)), "Unknown", "no such ticket"),
        (spread(ticket_of(guest)), "Already in", "Checked in at"),
    ):
        page.get_by_label("Ticket").fill(scanned)
        page.keyboard.press("Enter")
        expect(verdict).to_contain_text(headline)
        expect(verdict).to_contain_text(text)
        expect(page.get_by_label("Ticket")).to_have_value("")
    by_name(page, verdict)
    page.get_by_role("link", name="Attendees").click()
    page.get_by_label("Checked in", exact=True).select_option("Not checked in")
    expect(page.locator("#count")).to_have_text("0 tickets")
    page.get_by_label("Checked in", exact=True).select_option("Checked in")
    expect(page.locator("#count")).to_have_text("1 ticket")
    page.get_by_role("button", name="Undo: Guest punctual").click()
    expect(page.locator("#count")).to_have_text("0 tickets")
    late.goto(f"/e/{event.id}")
    expect(late.locator("#chip")).to_have_text("Sold out")


def by_name(page: Page, verdict: Locator) -> None:
    """The guest without a phone: found on the list, undone and let in again, by name and by reference."""
    page.get_by_label("Ticket").fill("a stranger")
    page.keyboard.press("Enter")
    expect(page.locator("#rows")).to_have_text("No guest with a seat has this name.")
    page.get_by_label("Ticket").fill("guest PUNCT")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("1 of 1 are in")
    page.get_by_role("button", name="Undo: Guest punctual").click()
    expect(verdict).to_contain_text("Undone")
    expect(page.locator("#count")).to_have_text("0 of 1 are in")
    reference = page.locator("#rows td").nth(1).inner_text()
    page.get_by_role("button", name="Check in: Guest punctual").click()
    expect(verdict).to_contain_text("Welcome")
    page.locator("#log").get_by_role("button", name="Undo").first.click()
    expect(verdict).to_contain_text("Undone")
    page.get_by_label("Ticket").fill(reference)
    page.keyboard.press("Enter")
    expect(verdict).to_contain_text("Welcome")
    expect(page.locator("#count")).to_have_text("1 of 1 are in")


def spread(ticket_id: str) -> str:
    """The same id as copying it out of a letter leaves it."""
    return f"Ticket: {ticket_id[:9]} {ticket_id[9:20]}\u200b\u00a0{ticket_id[20:]}".replace("-", "\u2011")


def swapped(ticket_id: str) -> str:
    """The same id with another check sum."""
    return ticket_id[:-1] + ("A" if ticket_id[-1] != "A" else "B")


def test_attendees_are_searched_and_downloaded_and_the_waitlist_is_shown(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=3, waitlist_capacity=5)
    event.admit("one", "two", "three", "four", "five")
    wait_until(lambda: event.queued() == 0, "all are decided")
    page = organizer(service, visitors)
    whole_list: list[Route] = []
    page.route("**/attendees?page_size=50", lambda route: whole_list.append(route), times=1)
    page.goto(f"/console/events/{event.id}/attendees")
    page.get_by_label("Search").fill("guestTWO")
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#rows")).to_contain_text("guesttwo@example.com")
    # What was asked for before the search comes after it.
    with page.expect_response("**/attendees?page_size=50"):
        whole_list.pop().continue_()
    page.evaluate("fetch('/health/live').then(() => null)")
    expect(page.locator("#rows tr")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.path().read_text("utf-8").count("\n") == 2
    page.get_by_label("Search").fill("")
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(3)
    page.get_by_role("link", name="Waitlist").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.locator("#rows tr").first).to_contain_text("Guest four")


def test_one_guest_is_corrected_and_the_ticket_taken_back_with_a_second_click(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=5)
    guest = visitors.come()
    register(guest, event.id, 1)
    sees(guest, "You have a seat")
    event.admit("two")
    wait_until(lambda: event.queued() == 0, "all are decided")
    page = organizer(service, visitors, refusals=(409,))
    page.goto(f"/console/events/{event.id}/attendees")
    page.get_by_role("button", name="Correct the name or e-mail of").click()
    page.locator("#rows").get_by_label("E-mail").fill("guesttwo@example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_have_text("Another ticket of this event has this e-mail.")
    page.locator("#rows").get_by_label("E-mail").fill("new@example.org")
    page.locator("#rows").get_by_label("Name").fill("Guest One")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#rows tr")).to_contain_text(["Guest Onenew@example.org"])
    page.locator("#add-guest summary").click()
    page.locator("#guest-name").fill("Guest Three")
    page.locator("#guest-email").fill("three@example.org")
    page.get_by_label("Beyond the capacity").check()
    page.get_by_role("button", name="Add the guest").click()
    expect(page.locator("#guest-told")).to_have_text("The guest has a seat.")
    expect(page.locator("#rows tr")).to_have_count(2)
    page.get_by_role("button", name="Cancel the ticket of").first.click()
    page.get_by_text("Really cancel?").click()
    wait_until(lambda: event.public()["waitlisted_count"] == 0, "the next in line has moved up")
    guest.reload()
    sees(guest, "Your registration is cancelled")
    expect(guest.get_by_text("The organizer cancelled this registration.")).to_be_visible()


def test_a_session_ends_when_its_owner_signs_out(service: Service, visitors: Visitors) -> None:
    page = organizer(service, visitors)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Organizer's token")).to_be_visible()
    page.goto("/console/webhooks")
    expect(page.get_by_label("Organizer's token")).to_be_visible()
