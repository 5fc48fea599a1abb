"""The pages about error codes, the API's description and its answers speak of the same codes and statuses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from events.pages.guides import library
from omnify.common.envelope import HELP_LINKS, Code
from tests.support.in_process.api import ANYONE, organizer

pytestmark = pytest.mark.django_db(transaction=True)

# What any address may answer, so that the description of none names it.
ANYWHERE = {Code.METHOD_NOT_ALLOWED, Code.NOT_ACCEPTABLE}


def described() -> set[tuple[str, str]]:
    """Code and status of each failure that the description has an example of."""
    paths: dict[str, dict[str, Any]] = ANYONE.get("/schema").json()["paths"]
    return {
        (example["value"]["code"], status)
        for operations in paths.values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
        for content in answer.get("content", {}).values()
        for example in content.get("examples", {}).values()
        if isinstance(example.get("value"), dict) and example["value"].get("success") is False
    }


def test_pages_and_description_have_the_same_codes_under_the_same_statuses() -> None:
    on_pages = set()
    for code, html in library.errors().items():
        found = re.match(r"<p><strong>(\d+)</strong>", html)
        assert found, code
        on_pages.add((code, found[1]))
    assert {(code, status) for code, status in on_pages if code not in ANYWHERE} == described()


def test_every_failure_of_django_leads_to_its_page_and_no_success_does() -> None:
    caller = organizer()
    answers = [
        ANYONE.get("/nowhere"),
        ANYONE.send("PATCH", "/webhooks"),
        ANYONE.get("/webhooks"),
        ANYONE.get("/events?page=99"),
        caller.post("/events", b"[", **{"content-type": "text/plain"}),
        caller.get("/log?after=x"),
    ]
    for answer in answers:
        assert answer["Link"] == HELP_LINKS[Code(answer.json()["code"])], answer.content
    assert "Link" not in ANYONE.get("/events")


def test_the_description_says_where_an_error_is_explained() -> None:
    paths = ANYONE.get("/schema").json()["paths"]
    for operations in paths.values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                assert ("Link" in answer.get("headers", {})) is (status >= "400"), operation["operationId"]
