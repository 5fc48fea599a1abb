"""`/` while a store is out of reach."""

from __future__ import annotations

from typing import Any

import pytest

from events.admission.errors import QueueUnavailable
from events.door.listing import Listing
from tests.support.in_process.api import create, organizer
from tests.support.in_process.pages import Browser, Shown, browse
from tests.support.servers import Services

pytestmark = pytest.mark.django_db(transaction=True)


def test_while_redis_is_out_of_reach_the_page_says_so(servers: Services) -> None:
    class NoGate:
        async def listed(self) -> Any:
            raise QueueUnavailable

    async def scene(browser: Browser) -> Shown:
        return await Browser(browser.pages, Listing(NoGate())).get("/")  # type: ignore[arg-type]

    assert browse(servers, scene).status == 503


def test_an_event_that_cannot_be_read_is_listed_without_its_seats(servers: Services) -> None:
    create(organizer(), name="Evening", max_capacity=7)

    async def away(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def scene(browser: Browser) -> list[Shown]:
        without = Browser(away, browser.pages._home._listing)
        return [await one.get("/") for one in (browser, without)]

    whole, less = browse(servers, scene)
    assert "7 seats left" in whole.text
    assert (less.status, "Evening" in less.text, "seats left" in less.text) == (200, True, False)
