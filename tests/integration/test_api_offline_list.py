"""Checking in without a network: the list that a device holds, and what it tells when it is back."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.utils import timezone
from msgspec import json

from events.api import export
from events.domain.scopes import Scope
from events.domain.times import iso_of
from events.models import AuditEntry, OrganizerToken, Registration
from events.secrets import tickets
from tests.support.in_process.api import ANYONE, Caller, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def entrance() -> tuple[Caller, int]:
    """A token for the entrance of an event with three guests and one on the waitlist."""
    caller = organizer()
    event_id = create(caller, waitlist_capacity=1)
    attend(event_id, 3)
    attend(event_id, 1, status="waitlisted")
    token = OrganizerToken.issue(caller.organizer, scope=Scope.CHECK_IN, event_id=event_id)
    return Caller(caller.organizer, token), event_id


def codes(event_id: int) -> list[str]:
    rows = Registration.objects.filter(event_id=event_id, status="confirmed").order_by("sequence")
    return [tickets().check_in_code(event_id=event_id, key=row.ticket_key) for row in rows]


def hashed(code: str) -> str:
    return urlsafe_b64encode(sha256(code.encode()).digest()[:16]).decode().rstrip("=")


def read(caller: Caller, event_id: int) -> tuple[dict[str, Any], bytes]:
    answer = caller.get(f"/events/{event_id}/check-ins/offline")
    assert answer.status_code == 200, answer.content

    async def collected() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    body = asyncio.run(collected())
    return json.decode(body)["data"], body


def enter(caller: Caller, event_id: int, code: str, at: str) -> Any:
    return caller.post(f"/events/{event_id}/check-ins", {"code": code, "checked_in_at": at})


def ago(**span: float) -> str:
    return iso_of(timezone.now() - timedelta(**span))


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_the_list_has_what_is_left_of_each_code_and_neither_codes_nor_names(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH_ROWS", batch)
    caller, event_id = entrance()
    given = codes(event_id)
    assert caller.post(f"/events/{event_id}/check-ins", {"code": given[1]}).status_code == 200
    data, body = read(caller, event_id)
    assert data["event_id"] == event_id
    assert data["tickets"] == {hashed(given[0]): 1, hashed(given[1]): 0, hashed(given[2]): 1}
    for row in Registration.objects.all():
        for secret in (row.name, row.email, row.ticket_key[:8]):
            assert secret.encode() not in body


def test_an_event_without_guests_has_an_empty_list() -> None:
    caller = organizer()
    data, _ = read(caller, create(caller))
    assert data["tickets"] == {}


def test_the_list_is_for_the_events_own_organizer() -> None:
    _, event_id = entrance()
    path = f"/events/{event_id}/check-ins/offline"
    assert ANYONE.get(path).status_code == 401
    assert organizer("stranger").get(path).json()["code"] == "event_not_found"


def test_what_happened_before_is_recorded_as_it_was_and_may_be_told_twice() -> None:
    caller, event_id = entrance()
    Registration.objects.update(confirmed_at=timezone.now() - timedelta(days=1))
    code, at = codes(event_id)[0], ago(minutes=20)
    first = enter(caller, event_id, code, at)
    assert (first.status_code, first.json()["data"]["checked_in_at"]) == (200, at)
    again = enter(caller, event_id, code, at)
    assert (again.status_code, again.json()["data"]) == (200, first.json()["data"]), "its answer was lost"
    other = enter(caller, event_id, code, ago(minutes=21))
    assert (other.status_code, other.json()["errors"]) == (409, {"checked_in_at": [at]}), "another device"
    assert caller.post(f"/events/{event_id}/check-ins", {"code": code}).status_code == 409
    assert Registration.objects.filter(checked_in_at__isnull=False).count() == 1
    assert AuditEntry.objects.filter(action="checked_in").count() == 2


def test_a_clock_that_is_wrong_moves_no_check_in_before_the_seat_or_after_now() -> None:
    caller, event_id = entrance()
    confirmed = timezone.now() - timedelta(hours=1)
    Registration.objects.update(confirmed_at=confirmed)
    early, late, _ = codes(event_id)
    at = enter(caller, event_id, early, ago(days=400)).json()["data"]["checked_in_at"]
    assert at == iso_of(confirmed)
    before = iso_of(timezone.now())
    at = enter(caller, event_id, late, ago(days=-400)).json()["data"]["checked_in_at"]
    assert before <= at <= iso_of(timezone.now())


@pytest.mark.parametrize("days", [400, -400])
def test_of_two_devices_with_wrong_clocks_the_second_is_told(days: int) -> None:
    """Both times are moved to the same moment, or could be: they are not the same check-in."""
    caller, event_id = entrance()
    code = codes(event_id)[0]
    assert enter(caller, event_id, code, ago(days=days)).status_code == 200
    answer = enter(caller, event_id, code, ago(days=days, minutes=1))
    assert (answer.status_code, answer.json()["code"]) == (409, "already_checked_in")


@pytest.mark.parametrize("at", ["20:15", "2030-01-01T00:00:00", 7, ""])
def test_a_time_that_is_none_is_refused_and_lets_no_one_in(at: Any) -> None:
    caller, event_id = entrance()
    answer = enter(caller, event_id, codes(event_id)[0], at)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["checked_in_at"])
    assert not Registration.objects.filter(checked_in_at__isnull=False).exists()
