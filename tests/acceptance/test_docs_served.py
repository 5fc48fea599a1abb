"""What the service says of itself: its version, a page for each error, guides, and a quick start that works."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from events.pages.guides.library import FOLDER
from events.pages.headers import SECURITY
from omnify.common.envelope import HELP_LINKS, Code
from omnify.versions import CURRENT
from tests.support.service.event import open_event
from tests.support.service.http_client import JSON, body
from tests.support.service.processes import Service

pytestmark = pytest.mark.acceptance

# One answer of each part of the service: the front, Django, the door on its fast path and beside it.
REFUSALS = (
    ("GET", "/x/../metrics", None, {}, Code.NOT_FOUND),
    ("GET", "/nowhere", None, {}, Code.NOT_FOUND),
    ("PUT", "/events", b"{}", JSON, Code.METHOD_NOT_ALLOWED),
    ("GET", "/webhooks", None, {}, Code.UNAUTHENTICATED),
    ("GET", "/registrations/1-made-up", None, {}, Code.TICKET_NOT_FOUND),
    ("HEAD", "/registrations/1-made-up", None, {}, Code.TICKET_NOT_FOUND),
    ("POST", "/events/999999/register", body(), JSON, Code.EVENT_NOT_FOUND),
    ("POST", "/events/999999/register", body(), {}, Code.UNSUPPORTED_MEDIA_TYPE),
    ("POST", "/events/999999/register", b" " * 20_000, JSON, Code.PAYLOAD_TOO_LARGE),
    ("GET", "/" + "x" * 9000, None, {}, Code.INVALID),
)


def test_every_error_leads_to_a_page_about_it(service: Service) -> None:
    ask = service.address.ask
    for method, path, content, headers, code in REFUSALS:
        answer = ask(method, path, content, headers)
        assert answer.headers["link"] == HELP_LINKS[code], (method, path[:40])
        assert answer.headers["omnify-version"] == CURRENT
        page = ask("GET", answer.headers["link"][1 : -len('>; rel="help"')])
        assert page.status == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert f"<h1><code>{code.value}</code></h1>" in page.body.decode()


def test_a_request_may_name_the_version_that_there_is_and_no_other(service: Service) -> None:
    event, ask = open_event(service), service.address.ask
    answers = [ask("POST", f"/events/{event.id}/register", body(), {**JSON, "Omnify-Version": CURRENT})]
    answers.append(ask("GET", f"/events/{event.id}", None, {"Omnify-Version": CURRENT}))
    assert [answer.status for answer in answers] == [202, 200]
    for version in ("2999-01-01", "latest", f"{CURRENT}, {CURRENT}"):
        for method, path, content in (
            ("POST", f"/events/{event.id}/register", body()),
            ("GET", "/registrations/1-made-up", None),
            ("GET", "/events", None),
        ):
            answer = ask(method, path, content, {**JSON, "Omnify-Version": version})
            assert answer.refusal == (400, "invalid")
            assert list(answer.json["errors"]) == ["Omnify-Version"]


def test_the_guides_are_pages_of_the_service(service: Service) -> None:
    ask = service.address.ask
    listed = ask("GET", "/docs/guides").body.decode()
    assert 'href="/docs/guides/webhooks"' in listed
    page = ask("GET", "/docs/guides/webhooks")
    assert page.status == 200
    assert {name: page.headers[name.lower()] for name in SECURITY} == SECURITY
    assert not re.search(r'(?:src|href)="(?:https?:)?//[^"]*\.(?:css|js|png)"', page.body.decode())
    assert ask("GET", "/docs/guides/webhooks", None, {"If-None-Match": page.headers["etag"]}).status == 304
    assert ask("GET", "/docs/guides/ticket.png").headers["content-type"] == "image/png"
    for missing in ("guides/nowhere", "guides/..%2fREADME.md", "guides/README", "errors/nowhere", "guides/webhooks/x"):
        assert ask("GET", f"/docs/{missing}").status == 404, missing
    assert ask("POST", "/docs/guides", b"").status == 405
    swagger = ask("GET", "/docs").body.decode()
    assert "swagger-ui" in swagger and 'href="/docs/guides"' in swagger


def test_the_quick_starts_lines_end_with_a_ticket(service: Service) -> None:
    guide = (FOLDER / "quick-start.md").read_text("utf-8")
    [program] = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    assert len([line for line in program.splitlines() if line]) <= 10, "the text says ten"
    event, address = open_event(service), service.address
    here = program.replace("http://127.0.0.1:8000", f"http://{address.host}:{address.port}")
    here = here.replace("/events/1/", f"/events/{event.id}/")
    printed = [
        subprocess.run([sys.executable, "-c", here], check=True, capture_output=True, timeout=100, text=True).stdout
        for _ in range(2)
    ]
    assert re.fullmatch(rf"confirmed {event.id}-[\w-]{{8}}\n", printed[0])
    assert printed[1] == printed[0], "the same key gives the same ticket"
