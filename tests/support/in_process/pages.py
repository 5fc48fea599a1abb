"""A browser without a screen for the pages' tests: it asks the pages in front of a door, as the server would."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import connections
from django.template.loader import render_to_string

from events.domain.outcome import Outcome
from events.door.listing import Listing
from events.models import Event
from events.pages.app import Pages
from tests.support.in_process.door import Visitor, visit
from tests.support.servers import Services

_HIDDEN_KEY = re.compile(r'name="key" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Shown:
    """What came back. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def key(self) -> str:
        """The Idempotency-Key that the form carries."""
        found = _HIDDEN_KEY.search(self.text)
        assert found, "there is no form"
        return found[1]


class Browser:
    """Asks one `Pages`."""

    def __init__(self, behind: Any, listing: Any = None, *, sends_mail: bool = True) -> None:
        self.pages = Pages(app=behind, render=render_to_string, listing=listing, sends_mail=sends_mail)

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Shown:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        where, _, query = path.partition("?")
        scope = {"type": "http", "method": method, "path": where, "raw_path": where.encode(), "headers": raw}
        scope |= {"query_string": query.encode(), "client": ("192.0.2.7", 1234)}
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.pages(scope, receive, send)
        start, end = sent
        return Shown(start["status"], {n.decode(): v.decode() for n, v in start["headers"]}, end["body"])

    async def get(self, path: str, **headers: str) -> Shown:
        return await self.ask("GET", path, b"", **headers)

    async def fill_in(self, path: str, **fields: str) -> Shown:
        """Sends a form."""
        body = urlencode(fields).encode()
        return await self.ask("POST", path, body, content_type="application/x-www-form-urlencoded")


class EmptyLedger:
    """A loader over a ledger without a row."""

    async def load_event(self, event_id: int) -> bool:
        return False

    async def find_outcome(self, event_id: int, key: str) -> Outcome | None:
        return None


def browse(servers: Services, scene: Callable[[Browser], Awaitable[Any]], *, loader: Any = None) -> Any:
    """Runs a scene with pages and a door of its own, which find in Redis whatever there is."""

    def play(visitor: Visitor) -> Awaitable[Any]:
        return scene(Browser(visitor.door, Listing(visitor.gate)))

    return visit(servers, play, loader=loader or EmptyLedger())


@contextmanager
def closing_connection() -> Iterator[None]:
    """For work in a thread, which has a connection of its own."""
    try:
        yield
    finally:
        connections.close_all()


async def registered(browser: Browser, event: Event, guest: int = 1) -> str:
    """The path of a new ticket's page."""
    form = await browser.get(f"/e/{event.pk}")
    fields = {"name": f"Guest {guest}", "email": f"guest{guest}@example.org", "key": form.key}
    answer = await browser.fill_in(f"/e/{event.pk}", **fields)
    assert answer.status == 303, answer.text
    return answer.headers["location"]
