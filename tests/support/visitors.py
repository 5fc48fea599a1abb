"""People at their browsers, and what they do."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.support.answers_to_pages import AnswersToPages

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1200, "height": 850}
# Far more than a page takes on a busy machine; less than a test may take in all.
WAIT_MS = 60_000

expect.set_options(timeout=WAIT_MS)


class Visitors:
    """Opens browsers, and says at the end what went wrong inside any of them."""

    def __init__(self, browser: Browser, base: str) -> None:
        self._browser = browser
        self._base = base
        self._contexts: dict[BrowserContext, AnswersToPages] = {}
        self._trouble: list[str] = []

    def come(
        self,
        *,
        refusals: tuple[int, ...] = (),
        complaint: str | tuple[str, ...] = (),
        phone: bool = True,
        init: str = "",
        **options: Any,
    ) -> Page:
        """A new person. `refusals` are answers of 400 and above that this person's page is there to meet, `complaint`
        is part of what the browser may say of it, or several such parts."""
        settings = {"viewport": PHONE if phone else DESK, "timezone_id": "Asia/Tokyo", "locale": "en-GB", **options}
        context = self._browser.new_context(base_url=self._base, **settings)
        context.set_default_timeout(WAIT_MS)
        if init:
            context.add_init_script(init)
        answers = self._contexts[context] = AnswersToPages(refusals)
        context.on("request", lambda request: answers.asked(request.method, request.url))
        context.on(
            "response", lambda response: answers.answered(response.request.method, response.url, response.status)
        )
        expected = (complaint,) if isinstance(complaint, str) else complaint
        context.on("console", lambda message: self._said(message, expected))
        context.on("weberror", lambda error: self._trouble.append(str(error.error)))
        return context.new_page()

    def session_ends(self, page: Page) -> None:
        """To be called before the session of this page is ended from elsewhere, as by revoking its token."""
        self._contexts[page.context].session_ends()

    def leave(self) -> None:
        """Closes every browser. Raises AssertionError for what none of them should have met."""
        for context in self._contexts:
            context.close()
        trouble = [line for answers in self._contexts.values() for line in answers.trouble] + self._trouble
        assert not trouble, trouble

    def _said(self, message: ConsoleMessage, expected: tuple[str, ...]) -> None:
        # The browser repeats every refused request. Lost connections are some tests' point.
        if any(part in message.text for part in expected):
            return
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
