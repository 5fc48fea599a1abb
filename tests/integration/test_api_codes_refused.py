"""Access codes that cannot be made: each fault is named, and nothing is made."""

from __future__ import annotations

from typing import Any

import pytest

from events.models import AccessCode
from tests.support.in_process.api import Caller, body, create
from tests.support.in_process.codes import listed, made

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["codes", "count"]),
    ({"count": 1, "codes": ["SPRING"]}, ["codes", "count"]),
    ({"count": 0}, ["count"]),
    ({"count": 10_001}, ["count"]),
    ({"count": "5"}, ["count"]),
    ({"count": 1.5}, ["count"]),
    ({"codes": []}, ["codes"]),
    ({"codes": "SPRING"}, ["codes"]),
    ({"codes": [5]}, ["codes"]),
    ({"codes": ["abc"]}, ["codes"]),
    ({"codes": ["x" * 65]}, ["codes"]),
    ({"codes": ["x" * 1000]}, ["codes"]),
    ({"codes": ["SPR!NG"]}, ["codes"]),
    ({"codes": ["SPRING\u0000"]}, ["codes"]),
    ({"codes": ["SPRING", "summer", "s-pring"]}, ["codes"]),
    ({"count": 1, "uses": 0}, ["uses"]),
    ({"count": 1, "uses": 10_000_001}, ["uses"]),
    ({"count": 1, "opens_at": "2030-12-01T18:00:00"}, ["opens_at"]),
    ({"count": 1, "opens_at": "soon"}, ["opens_at"]),
    ({"count": 1, "ticket_type": 7001}, ["ticket_type"]),
    ({"count": 1, "ticket_type": "Floor"}, ["ticket_type"]),
]


def test_codes_that_cannot_be_are_refused_with_the_field_at_fault(caller: Caller) -> None:
    event_id = create(caller)
    for fields, blamed in REFUSED:
        answer = caller.post(f"/events/{event_id}/codes", fields)
        assert (answer.status_code, sorted(answer.json()["errors"])) == (400, blamed), (fields, answer.content)
    assert not AccessCode.objects.exists()


def test_a_ticket_type_of_another_event_is_refused_and_one_of_this_event_is_kept(caller: Caller) -> None:
    types = [{"name": "Floor", "capacity": 3}]
    unsized = {name: value for name, value in body().items() if name != "max_capacity"}
    answers = [caller.post("/events", {**unsized, "ticket_types": types}).json()["data"] for _ in range(2)]
    (event_id, mine), (_, other) = ((event["id"], event["ticket_types"][0]["id"]) for event in answers)
    refused = caller.post(f"/events/{event_id}/codes", {"count": 1, "ticket_type": other})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["ticket_type"])
    made(caller, event_id, count=1, ticket_type=mine)
    assert [code["ticket_type"] for code in listed(caller, event_id)] == [mine]


def test_a_code_that_the_event_has_had_is_named_and_nothing_is_made(caller: Caller) -> None:
    event_id, other = create(caller), create(caller)
    made(caller, event_id, codes=["SPRING", "SUMMER"])
    answer = caller.post(f"/events/{event_id}/codes", {"codes": ["AUTUMN", "sum-mer", "WINTER"]})
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"codes": ["Item 2: This event has had this code already."]},
    )
    assert len(listed(caller, event_id)) == 2
    made(caller, other, codes=["SPRING"])  # another event's are its own


def test_an_event_has_a_limit_of_codes(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.ledger.codes.CODES_OF_AN_EVENT", 3)
    event_id = create(caller)
    made(caller, event_id, count=2)
    assert list(caller.post(f"/events/{event_id}/codes", {"count": 2}).json()["errors"]) == ["count"]
    made(caller, event_id, count=1)
