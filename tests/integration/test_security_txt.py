"""`/.well-known/security.txt`: valid under RFC 9116 where the operator names a contact, and absent where not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.in_process.api import ANYONE

URL = "/.well-known/security.txt"


def test_it_names_the_contact_and_a_day_within_a_year(settings: Any) -> None:
    contact = "mailto:security@example.com"
    settings.ENV = replace(settings.ENV, security_contact=contact, public_url="https://tickets.example.org")
    answer = ANYONE.get(URL)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    expires = datetime.fromisoformat(fields.pop("Expires"))
    assert timedelta(days=30) < expires - datetime.now(UTC) < timedelta(days=365)
    assert fields == {
        "Contact": contact,
        "Preferred-Languages": "en",
        "Canonical": f"https://tickets.example.org{URL}",
    }


def test_without_an_address_of_its_own_it_claims_none(settings: Any) -> None:
    settings.ENV = replace(settings.ENV, security_contact="https://example.com/report")
    assert b"Canonical" not in ANYONE.get(URL).content


def test_without_a_contact_there_is_no_such_file() -> None:
    answer = ANYONE.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
