"""The console's sessions and frames: who gets in, for how long, and what the browser is told."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from events.models import OrganizerToken
from omnify.common.envelope import Code
from tests.support.in_process.api import body, create, organizer
from tests.support.in_process.console import csrf, sign_in, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

SCREENS = [
    "/console",
    "/console/events/new",
    *(f"/console/events/1{part}" for part in ("", "/edit", "/attendees", "/waitlist", "/codes", "/mails", "/check-in")),
    "/console/events/1/mail-files",
    "/console/webhooks",
    "/console/webhooks/1",
]


def test_a_token_opens_every_screen() -> None:
    client = signed_in(organizer())
    for path in SCREENS:
        assert client.get(path).status_code == 200, path


def test_a_token_may_be_pasted_with_what_copying_added() -> None:
    caller = organizer()
    assert caller.token
    client = Client(enforce_csrf_checks=True)
    pasted = f" {caller.token[:20]}\r\n{caller.token[20:]}\u200b\u00a0\n"
    assert sign_in(client, csrf(client.get("/console/login")), pasted).status_code == 302


def test_without_a_session_every_screen_leads_to_the_sign_in_and_back() -> None:
    for path in SCREENS:
        answer = Client().get(path)
        assert answer.status_code == 302
        assert answer["Location"] == f"/console/login?next={path.replace('/', '%2F')}"
    client = Client(enforce_csrf_checks=True)
    form = client.get("/console/login?next=/console/events/7")
    assert 'value="/console/events/7"' in form.content.decode()
    answer = sign_in(client, csrf(form), organizer().token or "", next="/console/events/7")
    assert answer["Location"] == "/console/events/7"


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/consolex", "/e/1", "/console/\\evil", "/\\evil.example", ""]
)
def test_the_sign_in_leads_nowhere_else(target: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = sign_in(client, csrf(client.get("/console/login")), organizer().token or "", next=target)
    assert answer["Location"] in ("/console", "/console/%5Cevil")


@pytest.mark.parametrize("secret", ["", "omn_unknown", "nul\0", "a" * 10_000])
def test_an_unknown_token_is_refused(secret: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = sign_in(client, csrf(client.get("/console/login")), secret)
    assert answer.status_code == 403
    assert "unknown, has expired or has been revoked" in answer.content.decode()
    assert secret == "" or secret not in answer.content.decode()
    assert client.get("/console").status_code == 302


def test_forms_need_the_csrf_token() -> None:
    caller = organizer()
    client = Client(enforce_csrf_checks=True)
    assert client.post("/console/login", {"token": caller.token}).status_code == 403
    client = signed_in(caller)
    assert client.post("/console/logout").status_code == 403
    assert client.get("/console").status_code == 200


def test_signing_in_starts_a_new_session_with_safe_cookies() -> None:
    caller = organizer()
    client = Client()
    client.cookies["sessionid"] = "planted"
    form = client.get("/console/login")
    answer = client.post("/console/login", {"csrfmiddlewaretoken": csrf(form), "token": caller.token})
    cookie = answer.cookies["sessionid"]
    assert cookie.value not in ("", "planted")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 12 * 3600
    assert caller.token not in str(client.session.items())


def test_signing_out_ends_the_session_for_good() -> None:
    client = signed_in(organizer())
    kept = client.cookies["sessionid"].value
    page = client.get("/console")
    answer = client.post("/console/logout", {"csrfmiddlewaretoken": csrf(page)})
    assert (answer.status_code, answer["Location"]) == (302, "/console/login")
    client.cookies["sessionid"] = kept
    assert client.get("/console").status_code == 302


def test_a_revoked_token_ends_its_session() -> None:
    client = signed_in(organizer())
    assert client.get("/events?mine=true").status_code == 200
    OrganizerToken.objects.update(revoked_at=timezone.now())
    assert client.get("/console").status_code == 302
    assert client.get("/events?mine=true").status_code == 401


def test_the_session_counts_at_the_public_api() -> None:
    caller, other = organizer(), organizer("other")
    client = signed_in(caller)
    mine, theirs = create(caller), create(other)
    assert [one["id"] for one in client.get("/events?mine=true").json()["data"]["results"]] == [mine]
    assert client.get(f"/events/{mine}/stats").status_code == 200
    assert client.get(f"/events/{mine}/attendees?format=csv").status_code == 200
    assert client.get(f"/events/{theirs}/stats").status_code == 404


def test_changes_with_a_session_need_the_csrf_token() -> None:
    client = signed_in(organizer())
    sent = {"data": body(), "content_type": "application/json"}
    refused = client.post("/events", **sent)
    assert (refused.status_code, refused.json()["code"]) == (403, Code.FORBIDDEN)
    token = re.search(r'name="csrf" content="([^"]+)"', client.get("/console").content.decode())
    assert token
    assert client.post("/events", **sent, headers={"x-csrftoken": token[1]}).status_code == 201


def test_a_bearer_token_needs_no_csrf_token_and_goes_before_the_session() -> None:
    caller, other = organizer(), organizer("other")
    client = signed_in(caller)
    headers = {"authorization": f"Bearer {other.token}"}
    answer = client.post("/events", body(), content_type="application/json", headers=headers)
    assert answer.status_code == 201
    assert client.get("/events?mine=true").json()["data"]["total_items"] == 0


def test_mine_needs_an_organizer() -> None:
    assert Client().get("/events?mine=true").status_code == 401
    assert Client().get("/events?mine=false").status_code == 200
    assert Client().get("/events?mine=perhaps").status_code == 400


def test_every_screen_carries_the_headers_and_only_the_entrance_may_use_the_camera() -> None:
    client = signed_in(organizer())
    for path in [*SCREENS, "/console/login"]:
        page = client.get(path)
        assert "default-src 'none'" in page["Content-Security-Policy"]
        assert "unsafe" not in page["Content-Security-Policy"]
        assert page["X-Frame-Options"] == "DENY"
        assert page["Cache-Control"] == "no-store"
        assert ("camera=(self)" in page["Permissions-Policy"]) is path.endswith("check-in"), path
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", page.content.decode())


def test_a_public_answer_does_not_vary_by_cookie() -> None:
    assert "Vary" not in Client().get("/events").headers
