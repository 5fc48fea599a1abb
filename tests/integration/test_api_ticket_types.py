"""Ticket types through the API: made with an event, replaced by id in the event's queue, and shown to its organizer."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from events.admission.requests import AdmissionRequest, More
from events.models import Event, Registration, TicketType
from tests.support.in_process.api import Caller, create, organizer
from tests.support.in_process.codes import listed, made
from tests.support.in_process.gate import apply_for, kinds
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

FLOOR = {"name": "Floor", "capacity": 3, "waitlist_capacity": 4, "max_quantity": 3, "price": "€ 18"}
BALCONY = {"name": "Balcony", "capacity": 2}


@pytest.fixture
def caller(working_drain: None) -> Caller:
    return organizer()


def with_types(caller: Caller, *types: dict[str, Any]) -> tuple[int, list[int]]:
    answer = caller.post("/events", event_body(ticket_types=types or (FLOOR, BALCONY)))
    assert answer.status_code == 201, answer.content
    data = answer.json()["data"]
    return data["id"], [found["id"] for found in data["ticket_types"]]


def event_body(**fields: Any) -> dict[str, Any]:
    from tests.support.in_process.api import body

    found = body(**fields)
    return found if "max_capacity" in fields else {name: found[name] for name in found if name != "max_capacity"}


def ask(number: int, type_id: int, quantity: int = 1) -> AdmissionRequest:
    plain = apply_for(number)
    more = More(quantity=quantity, type_id=type_id)
    return AdmissionRequest(plain.key, plain.email_digest, plain.note, plain.payload, more=more)


def fill(admit: Any, drain: Drain, event_id: int, *asked: tuple[int, int]) -> None:
    requests = [ask(number, *seats) for number, seats in enumerate(asked)]
    assert set(kinds(admit(event_id, requests))) == {"admitted"}
    while drain.queue.lengths([event_id]) != [0]:
        drain.run(event_id)


def test_an_event_with_types_shows_each_and_their_sums(caller: Caller) -> None:
    event_id, ids = with_types(caller)
    data = caller.get("/events?mine=true").json()["data"]["results"][0]
    assert ids == [event_id * 1000 + 1, event_id * 1000 + 2]
    shown = {"confirmed_count": 0, "held_count": 0, "waitlisted_count": 0, "registration_state": "open"}
    assert data["ticket_types"] == [
        {"id": ids[0], **FLOOR, **shown, "seats_left": 3},
        {"id": ids[1], **BALCONY, "waitlist_capacity": 0, "max_quantity": 1, "price": "", **shown, "seats_left": 2},
    ]
    assert (data["max_capacity"], data["waitlist_capacity"], data["seats_left"], data["max_quantity"]) == (5, 4, 5, 3)


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"ticket_types": [FLOOR], "max_capacity": 4}, "max_capacity"),
        ({"ticket_types": [FLOOR], "waitlist_capacity": 1}, "waitlist_capacity"),
        ({"ticket_types": [FLOOR], "max_quantity": 2}, "max_quantity"),
        ({"ticket_types": [{"name": "Floor"}]}, "ticket_types"),
        ({"ticket_types": [{**FLOOR, "capacity": 0}]}, "ticket_types"),
        ({"ticket_types": [{**FLOOR, "max_quantity": 21}]}, "ticket_types"),
        ({"ticket_types": [{**FLOOR, "price": "x" * 41}]}, "ticket_types"),
        ({"ticket_types": [{**FLOOR, "id": 7001}]}, "ticket_types"),
        ({"ticket_types": [FLOOR] * 51}, "ticket_types"),
        ({"ticket_types": {"name": "Floor"}}, "ticket_types"),
        ({"ticket_types": [{**FLOOR, "capacity": 9_000_000}] * 2}, "ticket_types"),
        ({"ticket_types": []}, "max_capacity"),
        ({"max_quantity": 0, "max_capacity": 5}, "max_quantity"),
        ({"max_quantity": 21, "max_capacity": 5}, "max_quantity"),
    ],
)
def test_types_that_cannot_be_are_refused_with_the_field_at_fault(fields: dict[str, Any], blamed: str) -> None:
    answer = organizer().post("/events", event_body(**fields))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [blamed]), answer.content
    assert not Event.objects.exists()


def test_two_types_of_an_event_may_not_have_the_same_name_however_it_is_written(caller: Caller) -> None:
    same = {**BALCONY, "name": "  ｆLOOR "}
    new = caller.post("/events", event_body(ticket_types=[FLOOR, same]))
    event_id, (floor, balcony) = with_types(caller)
    kept = [{"id": floor}, {"id": balcony}]
    added = caller.patch(f"/events/{event_id}", {"ticket_types": [*kept, same]})
    renamed = caller.patch(f"/events/{event_id}", {"ticket_types": [{"id": floor}, {"id": balcony, "name": "FLOOR"}]})
    copied = caller.post(f"/events/{event_id}/duplicate", {"ticket_types": [FLOOR, same]})
    for answer in (new, added, renamed, copied):
        said = answer.json()["errors"]["ticket_types"]
        assert (answer.status_code, said) == (400, ["Two ticket types may not have the same name: Floor."])
    swapped = [{"id": floor, "name": "Balcony"}, {"id": balcony, "name": "Floor"}]
    assert caller.patch(f"/events/{event_id}", {"ticket_types": swapped}).status_code == 200


@pytest.mark.parametrize("length", [41, 256])
def test_a_text_that_is_too_long_is_refused_with_the_limit_that_it_has(caller: Caller, length: int) -> None:
    answer = caller.post("/events", event_body(ticket_types=[{**FLOOR, "price": "x" * length}]))
    assert answer.json()["errors"]["ticket_types"] == ["Item 1, price: At most 40 characters."]
    token = caller.post("/tokens", {"label": "x" * (length + 60)})
    assert token.json()["errors"]["label"] == ["At most 100 characters."]
    assert Event.objects.count() == 0


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


def test_a_copy_has_types_of_its_own(caller: Caller) -> None:
    event_id, _ = with_types(caller)
    copy = caller.post(f"/events/{event_id}/duplicate").json()["data"]
    assert [found["id"] for found in copy["ticket_types"]] == [copy["id"] * 1000 + 1, copy["id"] * 1000 + 2]
    assert [(found["name"], found["capacity"], found["price"]) for found in copy["ticket_types"]] == [
        ("Floor", 3, "€ 18"),
        ("Balcony", 2, ""),
    ]
    other = caller.post(f"/events/{event_id}/duplicate", {"ticket_types": [{"name": "Box", "capacity": 2}]})
    assert (other.json()["data"]["max_capacity"], other.json()["data"]["waitlist_capacity"]) == (2, 0)
    assert caller.send("DELETE", f"/events/{copy['id']}").status_code in (200, 204)


def test_lists_count_tickets_and_say_how_many_seats_each_has(caller: Caller, admit: Any, drain: Drain) -> None:
    event_id, (floor, balcony) = with_types(caller)
    fill(admit, drain, event_id, (floor, 2), (balcony, 1), (floor, 3), (floor, 1))
    page = caller.get(f"/events/{event_id}/attendees").json()["data"]
    assert page["total_items"] == 2
    assert [(row["quantity"], row["ticket_type"]) for row in page["results"]] == [(2, floor), (1, balcony)]
    waiting = caller.get(f"/events/{event_id}/attendees?status=waitlisted").json()["data"]
    assert (waiting["total_items"], [row["quantity"] for row in waiting["results"]]) == (2, [3, 1])
    stats = caller.get(f"/events/{event_id}/stats").json()["data"]
    assert (stats["confirmed"], stats["held"], stats["waitlisted"]) == (3, 0, 4)


def test_the_database_keeps_the_rules_a_second_time(caller: Caller) -> None:
    _, (floor, _) = with_types(caller)
    rows = TicketType.objects.filter(pk=floor)
    for columns in (
        {"confirmed_count": 4},
        {"confirmed_count": 2, "held_count": 2},
        {"waitlisted_count": 5, "confirmed_count": 3},
        {"confirmed_count": 2, "waitlisted_count": 1},
        {"confirmed_count": 1, "waitlisted_count": 2, "head_quantity": 2},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**columns)
    rows.update(confirmed_count=1, waitlisted_count=3, head_quantity=3)
    plain = Event.objects.get(pk=create(caller, max_capacity=3, waitlist_capacity=4, max_quantity=3))
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=plain.pk).update(confirmed_count=2, waitlisted_count=1)
    Event.objects.filter(pk=plain.pk).update(confirmed_count=2, waitlisted_count=2, head_quantity=2)
    assert not Registration.objects.exists()
