"""Pages of another site with the widget, and what a visitor does there."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.embedding_site import EmbeddingSite
from tests.support.service.event import Event
from tests.support.service.processes import Service

# For a page's start: what the widget tells the page around it.
HEARS = """(() => { window.heard = []; for (const name of ["omnify:registered", "omnify:status"]) {
  document.addEventListener(name, ({ type, detail }) => window.heard.push([type, detail]));
} })()"""
# Of what the widget says in the console: an answer was lost, or none may be read.
NO_ANSWER = "omnify: no answer from"


def base(service: Service) -> str:
    return f"http://{service.address.host}:{service.address.port}"


def script(service: Service, event: Event, *, src: str = "", **data: str) -> str:
    more = "".join(f' data-{name}="{value}"' for name, value in data.items())
    return f'<script src="{src or base(service)}/assets/widget.js" data-event="{event.id}"{more}></script>'


def embed(site: EmbeddingSite, service: Service, body: str, *, language: str = "en") -> str:
    """Serves a page elsewhere. Returns its address."""
    return site.origin + site.embed("/embedding", body, service=base(service), language=language)


def fill_in(page: Page, guest: str, *, name: str = "Name", email: str = "E-mail") -> None:
    page.get_by_label(name).fill(f"Guest {guest}")
    page.get_by_label(email).fill(f"{guest}@example.org")
    page.keyboard.press("Enter")


def says(page: Page, headline: str) -> None:
    expect(page.locator("omnify-registration h3")).to_have_text(headline)


def heard(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate("window.heard")
    return found


def kept(page: Page) -> dict[str, Any]:
    """What the browser keeps for the page's origin."""
    texts: list[str] = page.evaluate("Object.values(localStorage)")
    return json.loads(texts[0]) if texts else {}
