"""Guests at their browsers: the line, the seat, the waitlist, wrong clocks, and what each refusal says."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from playwright.sync_api import Page, expect

from events.admission.keys import event_keys
from tests.support.service.crowd import Crowd
from tests.support.service.drains import drains_stopped
from tests.support.service.event import open_event
from tests.support.service.parts import DRAINS
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, give_back, register, sees, stayed, stays, ticket_of
from tests.support.waiting import wait_until
from verify.omnify_verify import read_receipts

CROWD = 2300  # three batches of the drain


def decide_one_batch(service: Service, event_id: int, stopped: contextlib.ExitStack) -> None:
    """Lets the stopped drains decide until the event's first batch has left the queue, and stops them there.

    A batch is announced while the next one is decided: so it may still stand in the queue when that one is stopped, and
    is gone when the third one is.
    """
    service.set_trap("drain.before_commit")
    stopped.close()
    drain = service.trapped("drain.before_commit")
    while waiting(service, event_id) > CROWD:
        service.set_trap("drain.before_commit")
        service.release(drain)
        drain = service.trapped("drain.before_commit")


def waiting(service: Service, event_id: int) -> int:
    """Entries in the event's queue."""
    return int(service.redis.xlen(event_keys(event_id).queue))


def test_a_guest_sees_the_line_move_in_a_rush_gets_a_seat_and_cancels(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=CROWD * 2)
    with drains_stopped(service) as stopped:
        Crowd(event, CROWD).start().join()
        page = visitors.come()
        register(page, event.id, "between")
        stays(page)
        sees(page, "You are in line")
        position = page.locator("#position")
        expect(position).to_have_text(f"{CROWD + 1:,}")
        decide_one_batch(service, event.id, stopped)
        expect(position).to_have_text(re.compile(r"^(1,)?301$"))
        for drain in DRAINS:
            service.release(drain)
        sees(page, "You have a seat")
        stayed(page)
        expect(page.locator("svg.qr")).to_be_visible()
        expect(page.locator("#announce")).to_have_text("You have a seat")
    give_back(page)
    sees(page, "Your registration is cancelled")
    assert "cancelling" not in page.url


def test_a_guest_who_leaves_the_line_lets_the_next_one_move_up(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=1)
    with drains_stopped(service):
        first, second = visitors.come(), visitors.come()
        register(first, event.id, "first")
        register(second, event.id, "second")
        stays(second)
        expect(second.locator("#position")).to_have_text("2")
        expect(second.locator("#wait")).to_contain_text("about")
        give_back(first)
        expect(first.locator("#status")).to_have_text("Cancelling …")
    sees(first, "Your registration is cancelled")
    sees(second, "You have a seat")
    stayed(second)


def test_a_seat_given_back_reaches_the_first_on_the_waitlist_without_reloading(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=5)
    holder, next_up, last = [visitors.come() for _ in range(3)]
    register(holder, event.id, "holder")
    sees(holder, "You have a seat")
    for page, name, position in ((next_up, "next", "1"), (last, "last", "2")):
        register(page, event.id, name)
        sees(page, "You are on the waitlist")
        expect(page.locator("#position")).to_have_text(position)
        stays(page)
    give_back(holder)
    sees(next_up, "You have a seat")
    expect(last.locator("#position")).to_have_text("1")
    stayed(next_up)
    stayed(last)


def test_nothing_needs_a_script(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=1)
    page = visitors.come(java_script_enabled=False, refusals=(409,))
    with drains_stopped(service):
        register(page, event.id, "plain")
        expect(page.locator("#position")).to_have_text("1")
    sees(page, "You have a seat")
    expect(page.locator("svg.qr")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Add to calendar").click()
    assert download.value.suggested_filename == "event.ics"
    page.goto(f"/e/{event.id}")
    expect(page.locator("#chip")).to_have_text("Sold out")
    page.go_back()
    give_back(page)
    sees(page, "Your registration is cancelled")


# Both at the same moment, however busy the machine.
LOOK = """() => ["countdown", "form"].map((id) => document.getElementById(id))
                .map((part) => [part.textContent, part.checkVisibility()])"""


def seen_before_it_opens(service: Service, page: Page) -> datetime:
    """Shows the page of an event that opens in a few seconds, or in more on a machine on which it came too late."""
    for seconds in (4, 8, 16, 32):
        opens = datetime.now(UTC) + timedelta(seconds=seconds)
        event = open_event(service, registration_opens_at=opens.isoformat())
        page.goto(f"/e/{event.id}")
        [[countdown, _], [_, form_is_there]] = page.evaluate(LOOK)
        if countdown > "00:00:00":
            assert countdown <= f"00:00:{seconds:02d}"
            assert not form_is_there
            return opens
    raise AssertionError("the page always came after the opening")


def test_a_wrong_clock_does_not_open_the_form_early_or_late(service: Service, visitors: Visitors) -> None:
    wrong = "const real = Date.now; Date.now = () => real() + 3 * 86400000;"
    page = visitors.come(init=wrong)
    opens = seen_before_it_opens(service, page)
    stays(page)
    expect(page.locator("#form")).to_be_visible()
    assert datetime.now(UTC) >= opens
    stayed(page)
    page.get_by_label("Name").fill("Guest")
    page.get_by_label("E-mail").fill("early@example.org")
    page.keyboard.press("Enter")
    sees(page, "You have a seat")


def test_refusals_have_their_words_on_the_form(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=2)
    page = visitors.come(refusals=(409, 400))
    page.goto(f"/e/{event.id}")
    page.locator("#send").click()
    expect(page.locator("#name-error")).to_have_text("Please enter your name.")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("Guest")
    page.get_by_label("E-mail").fill("a@nowhere")
    page.keyboard.press("Enter")
    expect(page.locator("#email-error")).to_have_text("Enter a valid e-mail address.")
    event.admit(1)
    page.get_by_label("E-mail").fill("GUEST1@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("registered for this event already")
    page.get_by_label("E-mail").fill("late@example.com")
    event.admit(2)
    wait_until(lambda: event.public()["registration_state"] == "sold_out", "the door knows that all seats are taken")
    page.keyboard.press("Enter")
    expect(page.locator("#chip")).to_have_text("Sold out")


def test_a_tickets_address_is_told_to_no_other_site(service: Service, visitors: Visitors) -> None:
    event = open_event(service)
    page = visitors.come()
    register(page, event.id, "secret")
    sees(page, "You have a seat")
    ticket_id = ticket_of(page)
    sent: list[str | None] = []
    page.on("request", lambda request: sent.append(request.all_headers().get("referer")))
    page.get_by_role("link", name="Evening").click()
    expect(page.get_by_role("heading", name="Evening")).to_be_visible()
    assert sent
    assert not any(sent), sent
    for name in ("web", *DRAINS):
        assert ticket_id not in service.log(name)


def test_a_receipt_stays_in_the_browser_that_registered_and_no_other_is_told_of_one(
    service: Service, visitors: Visitors, tmp_path: Path
) -> None:
    event = open_event(service)
    page, elsewhere = visitors.come(), visitors.come()
    page.goto(f"/e/{event.id}")
    # The form works before its script does, and asks for no receipt then.
    page.locator("#event[data-ready]").wait_for()
    page.get_by_label("Name").fill("Guest")
    page.get_by_label("E-mail").fill("receipt@example.org")
    page.keyboard.press("Enter")
    sees(page, "You have a seat")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Your receipt").click()
    kept = tmp_path / "receipt.json"
    downloading.value.save_as(kept)
    [(_, told)] = read_receipts(kept)
    assert told["commitment"] == sha256(ticket_of(page).encode()).hexdigest()
    assert ticket_of(page) not in kept.read_text("utf-8")
    elsewhere.goto(page.url)
    sees(elsewhere, "You have a seat")
    expect(elsewhere.get_by_text("Your receipt")).to_be_hidden()


def test_times_are_the_venues_with_the_visitors_own_beside_them(service: Service, visitors: Visitors) -> None:
    start = datetime(2031, 6, 1, 16, tzinfo=UTC)
    event = open_event(service, start_time=start.isoformat(), end_time=(start + timedelta(hours=2)).isoformat())
    page = visitors.come()
    page.goto(f"/e/{event.id}")
    expect(page.locator("time.span")).to_contain_text("1 June 2031, 16:00")
    expect(page.locator("time.span + time.local")).to_contain_text("2 June 2031")
    expect(page.locator("time.span + time.local")).to_contain_text("01:00")
