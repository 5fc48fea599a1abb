"""People at their browsers, and what they do."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1200, "height": 850}
WAIT_MS = 20_000

expect.set_options(timeout=WAIT_MS)


class Visitors:
    """Opens browsers, and says at the end what went wrong inside any of them."""

    def __init__(self, browser: Browser, base: str) -> None:
        self._browser = browser
        self._base = base
        self._contexts: list[BrowserContext] = []
        self._trouble: list[str] = []

    def come(self, *, refusals: tuple[int, ...] = (), phone: bool = True, init: str = "", **options: Any) -> Page:
        """A new person. `refusals` are answers of 400 and above that this person's page is there to meet."""
        settings = {"viewport": PHONE if phone else DESK, "timezone_id": "Asia/Tokyo", "locale": "en-GB", **options}
        context = self._browser.new_context(base_url=self._base, **settings)
        context.set_default_timeout(WAIT_MS)
        if init:
            context.add_init_script(init)
        self._contexts.append(context)
        context.on("response", lambda response: self._answered(response, refusals))
        context.on("console", lambda message: self._said(message))
        context.on("weberror", lambda error: self._trouble.append(str(error.error)))
        return context.new_page()

    def leave(self) -> None:
        """Closes every browser. Raises AssertionError for what none of them should have met."""
        for context in self._contexts:
            context.close()
        assert not self._trouble, self._trouble

    def _answered(self, response: Response, refusals: tuple[int, ...]) -> None:
        if response.status >= 400 and response.status not in refusals:
            self._trouble.append(f"{response.status} {response.request.method} {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # The browser repeats every refused request; `_answered` has seen it. Lost connections are some tests' point.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self._trouble.append(message.text)


def register(page: Page, event: int, guest: int | str) -> None:
    """Fills the event's form in with the keyboard and sends it."""
    page.goto(f"/e/{event}")
    page.get_by_label("Name").fill(f"Guest {guest}")
    page.get_by_label("E-mail").fill(f"guest{guest}@example.org")
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/*")


def ticket_of(page: Page) -> str:
    """The id of the ticket that the page shows."""
    return page.url.partition("?")[0].rpartition("/")[2]


def sees(page: Page, headline: str) -> None:
    """Waits until the ticket's headline says so, on the page as it is, without reloading it."""
    expect(page.locator("#status")).to_have_text(headline)


def stays(page: Page) -> None:
    """Marks the page, so that `stayed` can tell whether it was loaded again."""
    page.evaluate("window.sameAsBefore = true")


def stayed(page: Page) -> None:
    """The page was not loaded again since `stays`."""
    assert page.evaluate("window.sameAsBefore === true")


def give_back(page: Page) -> None:
    """Cancels with the confirmation."""
    page.locator("summary").click()
    page.get_by_role("button", name="Yes, cancel my registration").click()


def sign_in(page: Page, token: str) -> None:
    """Opens the console."""
    page.goto("/console")
    page.get_by_label("Organizer's token").fill(token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Events")).to_be_visible()
