"""The JavaScript client as a module of a page of another origin, under a policy that allows it to ask the service."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.embedding_site import EmbeddingSite
from tests.support.service.drains import drains_stopped
from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors
from tests.support.widget import base, embed

SOURCES = Path(__file__).resolve().parents[2] / "clients/js/src"

pytestmark = pytest.mark.soak(only=True)

PAGE = """
import { Omnify, SoldOut } from "/client/index.js";
const { event, service } = document.querySelector("ol").dataset;
const say = (textContent) =>
  document.querySelector("ol").append(Object.assign(document.createElement("li"), { textContent }));
const client = new Omnify(service);
const ticket = await client.register(Number(event), { name: "Guest", email: "page@example.org" });
for await (const now of client.follow(ticket)) say(`${now.status} ${now.position ?? ""}`.trim());
try {
  await client.register(Number(event), { name: "Guest", email: "late@example.org" });
} catch (problem) {
  say(problem instanceof SoldOut ? "sold out" : String(problem));
}
"""


def test_a_page_elsewhere_registers_follows_and_is_told_why_not(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    event = open_event(service, capacity=1)
    for path in sorted(SOURCES.glob("*.js")):
        elsewhere.pages[f"/client/{path.name}"] = ("text/javascript", path.read_bytes())
    elsewhere.pages["/main.js"] = ("text/javascript", PAGE.encode())
    body = f'<ol data-event="{event.id}" data-service="{base(service)}"></ol>'
    body += '<script type="module" src="/main.js"></script>'
    page = visitors.come(refusals=(409,))
    with drains_stopped(service):
        page.goto(embed(elsewhere, service, body))
        expect(page.locator("li")).to_have_text(["queued 1"])
        service.kill_a_door()
    expect(page.locator("li")).to_have_text(["queued 1", "confirmed", "sold out"])
    assert event.places_given() == 1
