"""Access codes: made at the console, taken home as a file, used on the event's page, and revoked."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sees, sign_in


def fill_in(page: Page, guest: int, code: str) -> None:
    page.get_by_label("Name").fill(f"Guest {guest}")
    page.get_by_label("E-mail").fill(f"guest{guest}@example.org")
    page.get_by_label("Access code").fill(code)
    page.keyboard.press("Enter")


def downloaded(page: Page) -> list[str]:
    """The codes in the file."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename.endswith("-codes.csv")
    text = download.value.path().read_text("utf-8-sig")
    head, *rows = csv.reader(text.splitlines())
    assert head == ["code", "uses", "opens_at", "ticket_type"]
    return [row[0] for row in rows]


def several_are_made_and_revoked(page: Page) -> None:
    page.get_by_label("Or your own").fill("Fan club 1\nfanclub-2; FANCLUB3\n")
    page.get_by_role("button", name="Make them").click()
    expect(page.locator("#made-text")).to_have_text("3 codes are made.")
    assert downloaded(page) == ["Fan club 1", "fanclub-2", "FANCLUB3"]
    page.get_by_label("Or your own").fill("FANCLUB4\nFANCLUB3")
    page.get_by_role("button", name="Make them").click()
    expect(page.get_by_text("FANCLUB3: This event has had this code already.")).to_be_visible()
    for box in page.locator("#rows tr").filter(has_text="FA…").get_by_role("checkbox").all():
        box.check()
    expect(page.locator("#selected")).to_have_text("3 selected")
    page.get_by_role("button", name="Revoke the selected").click()
    page.get_by_role("button", name="Really revoke the selected?").click()
    expect(page.locator("#rows tr").filter(has_text="Revoked")).to_have_count(4)


@pytest.mark.soak(only=True)
def test_codes_are_made_used_before_the_opening_and_revoked(service: Service, visitors: Visitors) -> None:
    opens = datetime.now(UTC) + timedelta(hours=1)
    event = open_event(service, capacity=5, access="code", registration_opens_at=opens.isoformat())
    page = visitors.come(phone=False, timezone_id="UTC", refusals=(400,))
    sign_in(page, service.token())
    page.goto(f"/console/events/{event.id}/codes")
    expect(page.locator("[aria-busy]")).to_have_count(0)
    expect(page.locator("#access")).to_have_text("A registration needs a code.")
    page.get_by_label("How many").fill("3")
    page.get_by_label("Lets in from").fill("2026-01-01T00:00:00")
    page.get_by_role("button", name="Make them").click()
    expect(page.locator("#made-text")).to_have_text("3 codes are made.")
    codes = page.locator("#made-codes").input_value().split("\n")
    assert downloaded(page) == codes
    expect(page.locator("#rows tr")).to_have_count(3)
    expect(page.locator("#rows tr").last).to_contain_text(f"{codes[0][:3]}…")

    guest = visitors.come(refusals=(403,))
    guest.goto(f"/e/{event.id}")
    fill_in(guest, 1, "")
    expect(guest.locator("#code-error")).to_have_text("This event needs an access code.")
    fill_in(guest, 1, "WRONG-CODE")
    expect(guest.locator("#code-error")).to_contain_text("does not let you in")
    guest.goto(f"/e/{event.id}?again#code={codes[0].lower()}")
    expect(guest.get_by_label("Access code")).to_have_value(codes[0].lower())
    assert "#" not in guest.url
    fill_in(guest, 1, codes[0].lower())
    sees(guest, "You have a seat")

    page.reload()
    row = page.locator("#rows tr").last
    row.get_by_role("link", name="1 of 1").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#rows")).to_contain_text(f"Guest 1 code {codes[0][:3]}…")
    page.locator("#rows").get_by_role("link", name=re.compile(f"^{event.id}-")).click()
    expect(page.locator("#given-text")).to_contain_text(f"What was done to ticket {event.id}-")
    page.goto(f"/console/events/{event.id}/codes")
    second = page.locator("#rows tr").nth(1)
    second.get_by_role("button", name="Revoke").click()
    second.get_by_role("button", name="Really revoke?").click()
    expect(second).to_contain_text("Revoked")
    several_are_made_and_revoked(page)
    late = visitors.come(refusals=(403,))
    late.goto(f"/e/{event.id}")
    fill_in(late, 2, codes[1])
    expect(late.locator("#code-error")).to_contain_text("does not let you in")
