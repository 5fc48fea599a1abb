"""What makes the check-in page of one event an app, and what it may do that no other page may."""

from __future__ import annotations

import pytest
from django.test import Client

from events.pages import files
from events.pages.headers import CONTENT_SECURITY_POLICY
from tests.support.in_process.api import create, organizer
from tests.support.in_process.console import signed_in

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/console/events/7/check-in"


def test_the_app_is_one_events_check_in_page_and_tells_nothing_of_the_event() -> None:
    answer = Client().get(f"{PAGE}/app.webmanifest")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/manifest+json")
    manifest = answer.json()
    assert manifest["id"] == manifest["start_url"] == manifest["scope"] == PAGE
    [icon] = manifest["icons"]
    assert files.find(icon["src"]) is not None


def test_the_worker_may_answer_for_that_page_and_obeys_the_pages_policy() -> None:
    answer = Client().get(f"{PAGE}/worker.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Service-Worker-Allowed"] == PAGE
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer["Cache-Control"] == "no-store"


def test_only_the_check_in_page_may_have_a_manifest() -> None:
    caller = organizer()
    client, event_id = signed_in(caller), create(caller)
    pages = {part: client.get(f"/console/events/{event_id}{part}") for part in ("/check-in", "/attendees", "")}
    policies = {part: page["Content-Security-Policy"] for part, page in pages.items()}
    assert policies == {
        "/check-in": f"{CONTENT_SECURITY_POLICY}; manifest-src 'self'",
        "/attendees": CONTENT_SECURITY_POLICY,
        "": CONTENT_SECURITY_POLICY,
    }
    linked = {part: b'rel="manifest"' in page.content for part, page in pages.items()}
    assert linked == {"/check-in": True, "/attendees": False, "": False}
