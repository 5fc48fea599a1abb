"""What no answer goes without: it is kept nowhere unless it is public, and every page has the security headers."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.models import OrganizerToken
from events.pages.headers import SECURITY
from tests.support.in_process.api import attend, create, organizer
from tests.support.in_process.console import signed_in
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.pages import Browser, browse
from tests.support.routes import methods, routes
from tests.support.servers import Services

pytestmark = pytest.mark.django_db(transaction=True)

# All that browsers and proxies may keep, of what Django answers: nothing else may come into this list by chance.
PUBLIC = {"/events", *(f"/{name}{query}" for name in ("schema", "docs") for query in ("", "?mine=true", "?format=csv"))}


def not_kept(headers: Any) -> bool:
    return "no-store" in headers["Cache-Control"]


def test_every_answer_of_every_route_is_kept_nowhere_unless_it_is_public() -> None:
    caller = organizer()
    attend(create(caller), 1)
    walked = 0
    for route in routes():
        for method in methods(route.view):
            for path in (route.path, f"{route.path}?mine=true", f"{route.path}?format=csv"):
                # The walk revokes its own token on the way.
                OrganizerToken.objects.update(revoked_at=None)
                answer = caller.send(method, path)
                public = path in PUBLIC and method == "GET"
                assert not_kept(answer.headers) is not public, (method, path, answer.headers)
                walked += 1
    assert walked > 60
    assert not_kept(caller.get("/nowhere").headers)


def test_what_only_a_door_answers_is_kept_nowhere_but_the_event(make_event: Any, servers: Services) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        status, headers, body = await visitor.register(event.pk, 1)
        assert (status, headers["cache-control"]) == (202, "no-store")
        path = f"/registrations/{body['data']['ticket_id']}"
        _, headers, _ = await visitor.ask("GET", path)
        assert headers["cache-control"] == "no-store"
        tag = headers["etag"]
        for method, at, expected in (
            ("GET", path, 304),
            ("DELETE", path, 202),
            ("GET", "/registrations/1-x", 404),
            ("POST", f"/events/{event.pk}/register", 415),
        ):
            status, headers, _ = await visitor.ask(method, at, if_none_match=tag)
            assert (status, headers["cache-control"]) == (expected, "no-store"), (method, at)
        status, headers, _ = await visitor.ask("GET", f"/events/{event.pk}")
        assert (status, headers["cache-control"]) == (200, "no-cache")

    visit(servers, scene)


def test_a_page_about_a_ticket_is_kept_nowhere(make_event: Any, servers: Services) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        form = await browser.get(f"/e/{event.pk}")
        assert form.headers["cache-control"] == "private, no-cache"
        sent = await browser.fill_in(f"/e/{event.pk}", name="Guest 1", email="guest1@example.org", key=form.key)
        page = await browser.get(sent.headers["location"])
        calendar = await browser.get(f"{sent.headers['location']}/event.ics")
        for answer in (sent, page, calendar):
            assert answer.headers["cache-control"] == "no-store", answer

    browse(servers, scene)


def test_every_page_that_django_makes_has_the_security_headers() -> None:
    event_id = create(organizer())
    operator = Client()
    operator.force_login(User.objects.create_superuser("operator"))
    admin = ["/admin/", "/admin/events/event/", f"/admin/events/event/{event_id}/change/", "/admin/auth/user/add/"]
    seen = [operator.get(path) for path in admin]
    seen += [Client().get("/admin/login/"), Client().get("/admin/nowhere"), signed_in(organizer("b")).get("/console")]
    for page in seen:
        assert page["Content-Type"].startswith("text/html")
        for name, value in SECURITY.items():
            allowed = {value, "same-origin"} if name == "Referrer-Policy" else {value}
            assert page[name] in allowed, (page.request["PATH_INFO"], name)
        assert not_kept(page.headers)


def test_djangos_admin_needs_nothing_that_the_policy_forbids() -> None:
    create(organizer())
    operator = Client()
    operator.force_login(User.objects.create_superuser("operator"))
    for path in ("/admin/", "/admin/events/event/", "/admin/events/event/add/", "/admin/auth/user/add/"):
        html = operator.get(path).content.decode()
        for forbidden in ("<style", " style=", "onclick=", "javascript:", "<script>"):
            assert forbidden not in html, (path, forbidden)
