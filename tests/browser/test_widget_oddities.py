"""The widget on pages that were built wrong, or in a frame that may do little: what is said, and a way on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.embedding_site import EmbeddingSite
from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors
from tests.support.widget import base, embed, script

pytestmark = pytest.mark.soak(only=True)


def test_wrong_attributes_are_said_to_who_builds_the_page(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    event = open_event(service)
    source = f'<script src="{base(service)}/assets/widget.js"'
    body = [
        script(service, event, server=f"{base(service)}/path/", target="#nowhere"),
        script(service, event),
        f"{source}></script>",
        script(service, open_event(service), server="tickets.example"),
    ]
    page, said = visitors.come(complaint="omnify: "), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.goto(embed(elsewhere, service, "".join(body)))
    expect(page.get_by_label("Name")).to_have_count(2)
    expect(page.get_by_text("This event does not exist any more.")).to_be_visible()
    for part in (
        "has more than an origin",
        'data-target="#nowhere" is nowhere',
        f"event {event.id} is on this page already",
        'data-event="" is no event',
        'data-server="tickets.example" is no address',
    ):
        assert [part in one for one in said].count(True) == 1, (part, said)


def test_scripts_that_are_modules_have_each_their_event(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    events = [open_event(service, name=name) for name in ("First", "Second")]
    scripts = [script(service, event).replace("<script", '<script type="module"') for event in events]
    page = visitors.come()
    page.goto(embed(elsewhere, service, "".join(scripts)))
    expect(page.locator("omnify-registration h2")).to_have_text(["First", "Second"])


def test_it_works_in_a_sandbox_without_forms_and_says_what_one_without_an_origin_lacks(
    service: Service, visitors: Visitors, elsewhere: EmbeddingSite
) -> None:
    address = embed(elsewhere, service, script(service, open_event(service)))
    elsewhere.embed("/inner", script(service, open_event(service)), service=base(service))
    page, said = visitors.come(complaint="o", bypass_csp=True), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    page.evaluate(
        """() => document.body.innerHTML = ["allow-scripts allow-same-origin", "allow-scripts"]
            .map((may) => `<iframe sandbox="${may}" src="/inner" width="390" height="700"></iframe>`).join("")"""
    )
    inside, without = (page.frame_locator("iframe").nth(number) for number in range(2))
    inside.get_by_label("Name").fill("Guest")
    inside.get_by_label("E-mail").fill("sandboxed@example.org")
    inside.get_by_label("E-mail").press("Enter")
    expect(inside.locator("h3")).to_have_text("You have a seat")
    expect(without.get_by_text("Registration cannot be reached")).to_be_visible()
    assert [one for one in said if "allow-same-origin" in one and one.startswith("omnify: ")]
