"""Ticket types through the API: made with an event, shown to its organizer, and kept by the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from events.models import Event, Registration, TicketType
from tests.support.in_process.api import Caller, create, organizer
from tests.support.in_process.ticket_types import BALCONY, FLOOR, event_body, fill, with_types
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def caller(working_drain: None) -> Caller:
    return organizer()


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
