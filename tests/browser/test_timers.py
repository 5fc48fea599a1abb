"""Pages wait, and ask again, at a rate that does not grow: minutes pass by the browser's own clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, register, sees, sign_in

ASSETS = Path(__file__).parents[2] / "events" / "pages" / "assets"
# Counts what is set to run, beside what is asked of the service.
COUNTING = """
window.timersSet = 0;
const real = window.setTimeout;
window.setTimeout = (...all) => { window.timersSet += 1; return real(...all); };
"""


def test_scripts_wait_with_the_one_timer_that_forgets_what_it_was_set_to() -> None:
    waiting = re.compile(r"\b(?:setTimeout|setInterval|requestAnimationFrame)\b")
    found = {script.name for script in ASSETS.glob("*.js") if waiting.search(script.read_text("utf-8"))}
    assert found == {"timer.js"}


def in_two_hours() -> str:
    return (datetime.now(UTC) + timedelta(hours=2)).isoformat()


ASKS = re.compile(r"/(?:events|registrations|t)/")


class Rate:
    """Requests and timers of a page, while its clock is wound forward."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))

    def minute(self) -> tuple[int, int]:
        """Requests and timers of the next minute; every answer has come in before the clock goes on."""
        before = len(self.asked), self._set()
        for _ in range(12):
            self.page.clock.run_for(5000)
            self.page.evaluate("fetch('/health/live').then(() => null)")
        asked = [url for url in self.asked[before[0] :] if ASKS.search(url)]
        return len(asked), self._set() - before[1]

    def _set(self) -> int:
        return int(self.page.evaluate("window.timersSet"))


def test_a_page_that_waits_for_the_opening_asks_no_more_often_after_minutes(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service, capacity=5, registration_opens_at=in_two_hours())
    page = visitors.come()
    page.clock.install()
    page.add_init_script(COUNTING)
    rate = Rate(page)
    page.goto(f"/e/{event.id}")
    for minute in range(4):
        asked, timers = rate.minute()
        assert asked <= 9, f"{asked} requests in minute {minute}"
        assert timers <= 90, f"{timers} timers in minute {minute}"
    assert asked >= 5, "it looks again"


def test_a_hidden_page_asks_nothing_and_looks_as_soon_as_it_is_shown(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=5, registration_opens_at=in_two_hours())
    page = visitors.come()
    page.clock.install()
    page.add_init_script(COUNTING)
    rate = Rate(page)
    page.goto(f"/e/{event.id}")
    show(page, "hidden")
    assert rate.minute() == (0, 0)
    show(page, "visible")
    expect(page.locator("#countdown")).to_be_visible()
    asked, timers = rate.minute()
    assert 1 <= asked <= 10
    assert timers <= 90


def show(page: Page, state: str) -> None:
    """Hides the page or shows it again, as far as its scripts can tell."""
    page.evaluate(
        """state => {
            Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


@pytest.mark.soak(only=True)
def test_a_ticket_and_the_console_keep_their_pace(service: Service, visitors: Visitors) -> None:
    event = open_event(service, capacity=5)
    guest, desk = visitors.come(), visitors.come(phone=False)
    for page in (guest, desk):
        page.clock.install()
        page.add_init_script(COUNTING)
    sign_in(desk, service.token())
    register(guest, event.id, 1)
    sees(guest, "You have a seat")
    desk.goto(f"/console/events/{event.id}")
    expect(desk.locator("#main")).to_have_attribute("data-samples", re.compile("[1-9]"))
    for page, most in ((guest, 4), (desk, 130)):
        rate = Rate(page)
        for _ in range(3):
            show(page, "visible")  # coming back starts no second chain
        rate.minute()
        asked, _ = rate.minute()
        assert asked <= most, page.url
