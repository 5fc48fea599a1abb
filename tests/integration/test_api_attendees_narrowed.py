"""Attendees by the access code that they came with and by reference, and what was done to one of them."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import pytest

from events.domain.scopes import Scope
from events.models import Event, OrganizerToken, Registration
from tests.support.in_process.api import Caller, attend, create, organizer
from tests.support.in_process.codes import give_codes

pytestmark = pytest.mark.django_db(transaction=True)


def sale(caller: Caller) -> tuple[int, list[int]]:
    """An event with two codes, two guests with the first, one with the second on the waitlist, and one without."""
    event_id = create(caller, access="code", waitlist_capacity=5)
    codes = give_codes(None, Event.objects.get(pk=event_id), "FANCLUB27", "WORD", uses=9)
    attend(event_id, 3)
    attend(event_id, 1, status="waitlisted", first=4)
    rows = Registration.objects.filter(event_id=event_id)
    rows.filter(sequence__lte=6).update(access_code=codes[0])
    rows.filter(status="waitlisted").update(access_code=codes[1])
    return event_id, codes


def guests(caller: Caller, query: str) -> list[dict[str, Any]]:
    answer = caller.get(query)
    assert answer.status_code == 200, answer.content
    data = answer.json()["data"]
    assert data["total_items"] == len(data["results"])
    found: list[dict[str, Any]] = data["results"]
    return found


def test_the_list_names_a_guests_code_by_its_id_and_first_characters_and_is_narrowed_by_it() -> None:
    caller = organizer()
    event_id, (fan_club, word) = sale(caller)
    path = f"/events/{event_id}/attendees"
    assert [(one["code_id"], one["code_hint"]) for one in caller.get(path).json()["data"]["results"]] == [
        (fan_club, "FA"),
        (fan_club, "FA"),
        (None, None),
    ]
    assert [one["name"] for one in guests(caller, f"{path}?code={fan_club}")] == ["Name 1", "Name 2"]
    assert guests(caller, f"{path}?code={word}") == []
    [waiting] = guests(caller, f"{path}?code={word}&status=waitlisted")
    assert (waiting["status"], waiting["code_id"]) == ("waitlisted", word)
    first = caller.get(f"{path}?code={fan_club}&page_size=1").json()["data"]
    assert (first["total_items"], first["total_pages"]) == (2, 2)
    assert [one["name"] for one in caller.get(first["next_page"]).json()["data"]["results"]] == ["Name 2"]
    for wrong in ("0", "-1", "x", "1.5", "9" * 30, ""):
        assert list(caller.get(f"{path}?code={wrong}").json()["errors"]) == ["code"]


def test_the_file_has_each_guests_code_and_no_guests_of_other_codes() -> None:
    caller = organizer()
    event_id, (fan_club, _) = sale(caller)
    answer = caller.get(f"/events/{event_id}/attendees?format=csv&code={fan_club}")

    async def collected() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    rows = list(csv.DictReader(io.StringIO(asyncio.run(collected()).decode("utf-8-sig"))))
    assert [(row["code_id"], row["code_hint"], row["status"]) for row in rows] == [
        (str(fan_club), "FA", "confirmed")
    ] * 2


def test_the_entrance_sees_no_codes() -> None:
    caller = organizer()
    event_id, (fan_club, _) = sale(caller)
    entrance = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.CHECK_IN))
    path = f"/events/{event_id}/attendees"
    assert not {"code_id", "code_hint"} & entrance.get(path).json()["data"]["results"][0].keys()
    assert entrance.get(f"{path}?code={fan_club}").status_code == 403


def test_one_guest_is_found_by_reference_whatever_the_status() -> None:
    caller = organizer()
    event_id, other = create(caller, waitlist_capacity=1), create(caller)
    for status in ("confirmed", "waitlisted", "rejected"):
        attend(event_id, 1, status=status)
    attend(other, 1)
    path = f"/events/{event_id}/attendees?reference="
    for key, status in (("c", "confirmed"), ("w", "waitlisted"), ("r", "rejected")):
        [found] = guests(caller, f"{path}{event_id}-{key}0000000")
        assert (found["status"], found["reference"]) == (status, f"{event_id}-{key}0000000")
    assert guests(caller, f"{path}{event_id}-w0000000&status=confirmed") == []
    assert guests(caller, f"{path}{other}-c0000000") == [], "another event's"
    assert guests(caller, f"{path}{event_id}-C0000000") == []
    assert list(caller.get(f"{path}Name").json()["errors"]) == ["reference"]


def test_what_was_done_to_one_guest_is_read_by_reference() -> None:
    caller, stranger = organizer(), organizer("stranger")
    event_id = create(caller)
    attend(event_id, 1)
    reference = f"{event_id}-c0000000"
    caller.post(f"/events/{event_id}/check-ins", {"reference": reference})
    caller.send("DELETE", f"/events/{event_id}/check-ins/{reference}")
    of_guest = f"/audit?object_type=ticket&object_id={reference}"
    assert [one["action"] for one in guests(caller, of_guest)] == ["check_in_undone", "checked_in"]
    assert [one["action"] for one in guests(caller, "/audit?object_type=event")] == ["event_created"]
    assert len(guests(caller, "/audit")) == 3
    assert guests(caller, f"/audit?object_type=event&object_id={reference}") == guests(stranger, of_guest) == []
    for query, field in (
        ("object_type=guest", "object_type"),
        (f"object_id={reference}", "object_id"),
        ("object_type=ticket&object_id=", "object_id"),
        (f"object_type=ticket&object_id={'9' * 65}", "object_id"),
        ("object_type=ticket&object_id=%00", "object_id"),
    ):
        answer = caller.get(f"/audit?{query}")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field]), query
