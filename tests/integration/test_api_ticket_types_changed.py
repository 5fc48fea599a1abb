"""Ticket types that are changed through the API: replaced by id in the event's queue, or refused whole."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.in_process.api import Caller, create, organizer
from tests.support.in_process.codes import listed, made
from tests.support.in_process.gate import apply_for
from tests.support.in_process.ticket_types import BALCONY, FLOOR, fill, with_types
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def caller(working_drain: None) -> Caller:
    return organizer()


def test_a_change_replaces_the_list_by_id_and_keeps_what_is_left_out(caller: Caller, admit: Any, drain: Drain) -> None:
    event_id, (floor, balcony) = with_types(caller)
    fill(admit, drain, event_id, (floor, 2), (floor, 3))
    wanted = [{"name": "Box", "capacity": 1}, {"id": floor, "capacity": 5, "price": ""}]
    answer = caller.patch(f"/events/{event_id}", {"ticket_types": wanted})
    assert answer.status_code == 200, answer.content
    box, changed = answer.json()["data"]["ticket_types"]
    assert (box["id"], box["name"], changed["id"], changed["name"]) == (event_id * 1000 + 3, "Box", floor, "Floor")
    # The group that waited has moved up.
    assert (changed["capacity"], changed["confirmed_count"], changed["waitlisted_count"]) == (5, 5, 0)
    assert (changed["price"], changed["max_quantity"], changed["waitlist_capacity"]) == ("", 3, 4)
    assert answer.json()["data"]["max_capacity"] == 6
    again = caller.patch(f"/events/{event_id}", {"ticket_types": [{"id": box["id"]}, {"id": floor}]})
    assert again.json()["data"]["ticket_types"] == answer.json()["data"]["ticket_types"]
    stranger = caller.patch(f"/events/{event_id}", {"ticket_types": [{"id": balcony}]})
    assert (stranger.status_code, list(stranger.json()["errors"])) == (400, ["ticket_types"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda floor, balcony: [{"id": balcony}], "type_in_use"),
        (lambda floor, balcony: [{"id": floor, "capacity": 1}, {"id": balcony}], "capacity_below_confirmed"),
        (lambda floor, balcony: [{"id": floor, "waitlist_capacity": 2}], "capacity_below_waitlisted"),
        (lambda floor, balcony: [{"id": floor, "capacity": 2}], "capacity_below_waitlisted"),
    ],
    ids=["used", "confirmed", "waitlisted", "smaller than a group"],
)
def test_a_change_against_what_is_given_out_is_refused_whole(
    change: Any, code: str, caller: Caller, admit: Any, drain: Drain
) -> None:
    event_id, (floor, balcony) = with_types(caller)
    fill(admit, drain, event_id, (floor, 2), (floor, 3))
    before = caller.get("/events?mine=true").json()["data"]["results"]
    answer = caller.patch(f"/events/{event_id}", {"ticket_types": change(floor, balcony)})
    assert (answer.status_code, answer.json()["code"]) == (409, code), answer.content
    assert list(answer.json()["errors"]) == ["ticket_types"]
    assert [event["ticket_types"] for event in caller.get("/events?mine=true").json()["data"]["results"]] == [
        event["ticket_types"] for event in before
    ]


def test_a_refusal_of_sizes_says_how_many_seats_of_which_type_are_held(
    caller: Caller, admit: Any, drain: Drain
) -> None:
    event_id, (floor, balcony) = with_types(caller)
    kept = {"seconds": 600, "confirmed_by": "organizer", "applies_to": "all"}
    assert caller.patch(f"/events/{event_id}", {"hold": kept}).status_code == 200
    fill(admit, drain, event_id, (floor, 2), (floor, 1), (balcony, 1))
    wanted = [{"id": floor, "capacity": 2}, {"id": balcony}]
    answer = caller.patch(f"/events/{event_id}", {"ticket_types": wanted}).json()
    assert answer["message"] == "3 seats of “Floor” are taken already. The capacity cannot be lower."


def test_what_was_not_sent_is_not_at_fault(caller: Caller, admit: Any, drain: Drain) -> None:
    event_id = create(caller, max_capacity=3, waitlist_capacity=3, max_quantity=3)
    fill(admit, drain, event_id, (0, 1), (0, 3))
    answers = [caller.patch(f"/events/{event_id}", {size: 2}) for size in ("max_capacity", "waitlist_capacity")]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (409, "capacity_below_waitlisted")
    ] * 2
    assert [list(answer.json()["errors"]) for answer in answers] == [["max_capacity"], ["waitlist_capacity"]]
    assert answers[0].json()["message"].startswith("The waitlist has guests for 3 seats.")


def test_a_type_that_has_codes_cannot_go_until_they_are_revoked(caller: Caller) -> None:
    event_id, (floor, balcony) = with_types(caller)
    made(caller, event_id, count=1, ticket_type=balcony)
    without = {"ticket_types": [{"id": floor}]}
    answer = caller.patch(f"/events/{event_id}", without)
    assert (answer.status_code, answer.json()["code"]) == (409, "type_in_use")
    assert caller.patch(f"/events/{event_id}", {"ticket_types": [{"id": balcony}]}).status_code == 200
    assert caller.patch(f"/events/{event_id}", {"ticket_types": [{"id": balcony}, FLOOR]}).status_code == 200
    (code,) = listed(caller, event_id)
    caller.send("DELETE", f"/events/{event_id}/codes/{code['id']}")
    assert caller.patch(f"/events/{event_id}", {"ticket_types": [FLOOR]}).status_code == 200


def test_new_sizes_are_a_new_revision_and_registrations_are_none(caller: Caller, admit: Any, drain: Drain) -> None:
    event_id, (floor, balcony) = with_types(caller)
    fill(admit, drain, event_id, (floor, 2))
    seen = [caller.get("/events?mine=true").json()["data"]["results"][0]]
    for more in ({"capacity": 4}, {"price": "€ 20"}, {}):
        body = {"ticket_types": [{"id": floor, **more}, {"id": balcony}]}
        seen.append(caller.patch(f"/events/{event_id}", body).json()["data"])
    plain = create(caller, max_capacity=3)
    seen.append(caller.patch(f"/events/{plain}", {"max_capacity": 4}).json()["data"])
    assert [event["revision"] for event in seen] == [0, 1, 2, 2, 1]
    assert seen[1]["updated_at"] > seen[0]["updated_at"] and seen[3]["updated_at"] == seen[2]["updated_at"]


def test_an_event_gets_types_only_while_it_has_no_registration(caller: Caller, admit: Any, drain: Drain) -> None:
    event_id = create(caller, max_capacity=7)
    answer = caller.patch(f"/events/{event_id}", {"ticket_types": [FLOOR, BALCONY]})
    assert [found["name"] for found in answer.json()["data"]["ticket_types"]] == ["Floor", "Balcony"]
    assert answer.json()["data"]["max_capacity"] == 5
    assert caller.patch(f"/events/{event_id}", {"ticket_types": []}).status_code == 400
    used = create(caller, max_capacity=7)
    admit(used, [apply_for(1)])
    refused = caller.patch(f"/events/{used}", {"ticket_types": [FLOOR]})
    assert (refused.status_code, refused.json()["code"]) == (409, "type_in_use")
