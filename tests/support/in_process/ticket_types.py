"""Events with ticket types, made through the API."""

from __future__ import annotations

from typing import Any

from events.admission.requests import AdmissionRequest, More
from tests.support.in_process.api import Caller, body
from tests.support.in_process.gate import apply_for, kinds
from worker.drain import Drain

FLOOR = {"name": "Floor", "capacity": 3, "waitlist_capacity": 4, "max_quantity": 3, "price": "€ 18"}
BALCONY = {"name": "Balcony", "capacity": 2}


def with_types(caller: Caller, *types: dict[str, Any]) -> tuple[int, list[int]]:
    """Makes an event with ticket types; returns its id and theirs."""
    answer = caller.post("/events", event_body(ticket_types=types or (FLOOR, BALCONY)))
    assert answer.status_code == 201, answer.content
    data = answer.json()["data"]
    return data["id"], [found["id"] for found in data["ticket_types"]]


def event_body(**fields: Any) -> dict[str, Any]:
    """A body without the capacity, which an event with ticket types does not have."""
    found = body(**fields)
    return found if "max_capacity" in fields else {name: found[name] for name in found if name != "max_capacity"}


def ask(number: int, type_id: int, quantity: int = 1) -> AdmissionRequest:
    """Asks for seats of a ticket type."""
    plain = apply_for(number)
    more = More(quantity=quantity, type_id=type_id)
    return AdmissionRequest(plain.key, plain.email_digest, plain.note, plain.payload, more=more)


def fill(admit: Any, drain: Drain, event_id: int, *asked: tuple[int, int]) -> None:
    """Admits guests, each a type with a number of seats, and decides them."""
    requests = [ask(number, *seats) for number, seats in enumerate(asked)]
    assert set(kinds(admit(event_id, requests))) == {"admitted"}
    while drain.queue.lengths([event_id]) != [0]:
        drain.run(event_id)
