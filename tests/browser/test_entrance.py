"""The entrance: the camera of a browser that cannot read QR codes by itself."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.camera_picture import film
from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sign_in

# A browser that reads codes by itself sees one that is no ticket's.
READS_ITSELF = """window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect() { return [{ rawValue: "7" }]; }
};"""


def at_the_entrance(service: Service, visitors: Visitors, event: int, *, init: str = "") -> tuple[Page, list[str]]:
    """A phone at the event's check-in page, and the decoder's files that it asks for."""
    page = visitors.come(permissions=["camera"], init=init)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/qr/" in request.url else None)
    sign_in(page, service.token())
    page.goto(f"/console/events/{event}/check-in")
    return page, asked


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
