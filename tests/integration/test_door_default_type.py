"""Absent equals default: a registration that names an event's only ticket type is the one that names none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from events.domain.tickets import Tickets
from events.ledger.events import new_terms
from events.models import Event
from events.services.commands import Sizes, resize
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import ticket_type
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("both_ways")]

Make = Callable[..., Event]
BEFORE, AFTER = Tickets("o" * 40), Tickets("n" * 40, "o" * 40)
REUSED = (422, "idempotency_key_reused")


def types_of(event: Event) -> list[int]:
    return list(event.ticket_types.order_by("rank").values_list("pk", flat=True))


def set_types(event: Event, drain: Drain, items: Sequence[dict[str, Any]]) -> list[int]:
    """As the organizer's PATCH does; returns their ids."""
    event.refresh_from_db()
    resize(event, Sizes(types=new_terms(event, items)))
    drain.run(event.pk)
    return types_of(event)


def asking(
    servers: Services, event: Event, secrets: Tickets = BEFORE
) -> Callable[[dict[str, Any]], tuple[int, str | None]]:
    """Returns a function that registers guest 1 under one key: the status, and the ticket or the code."""

    def ask(fields: dict[str, Any]) -> tuple[int, str | None]:
        async def scene(visitor: Visitor) -> tuple[int, str | None]:
            status, headers, body = await visitor.ask_for(event.pk, 1, fields, idempotency_key="one")
            return status, headers.get("location", body.get("code"))

        found: tuple[int, str | None] = visit(servers, scene, secrets=secrets)
        return found

    return ask


@pytest.mark.parametrize("names_it_first", [True, False])
def test_the_only_type_named_or_not_is_one_ticket_also_after_another_type_has_come(
    names_it_first: bool, make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(ticket_types=[ticket_type("Floor", 9, most=2)])
    [floor] = types_of(event)
    ask = asking(servers, event)
    named, unnamed = {"ticket_type": floor}, {"quantity": 1}
    given = ask(named if names_it_first else unnamed)
    assert given[0] == 202
    assert [ask(named), ask(unnamed), ask({**named, "quantity": 2})] == [given, given, REUSED]
    drain.run(event.pk)
    assert [ask(named), ask(unnamed)] == [given, given]
    _, balcony = set_types(event, drain, [{**ticket_type("Floor", 9), "id": floor}, ticket_type("Balcony", 9)])
    assert [ask(named), ask(unnamed), ask({"ticket_type": balcony})] == [given, given, REUSED]
    later = asking(servers, event, AFTER)
    assert [later(named), later(unnamed), later({"ticket_type": balcony})] == [given, given, REUSED]


def test_a_ticket_of_one_of_two_types_stays_the_same_when_the_other_has_gone(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(ticket_types=[ticket_type("Floor", 9), ticket_type("Balcony", 9)])
    floor, _ = types_of(event)
    ask = asking(servers, event)
    given = ask({"ticket_type": floor})
    assert given[0] == 202
    drain.run(event.pk)
    assert set_types(event, drain, [{**ticket_type("Floor", 9), "id": floor}]) == [floor]
    assert [ask({"ticket_type": floor}), ask({})] == [given, REUSED]
    assert asking(servers, event, AFTER)({"ticket_type": floor}) == given


def test_what_was_admitted_without_its_type_is_known_to_the_drain_and_at_its_address(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(ticket_types=[ticket_type("Floor", 9)])
    [floor] = types_of(event)

    async def scene(visitor: Visitor) -> tuple[str, int]:
        _, headers, _ = await visitor.ask_for(event.pk, 1, {"ticket_type": floor}, idempotency_key="one")
        await asyncio.to_thread(drain.run, event.pk)
        ticket = (await visitor.ask("GET", headers["location"]))[2]["data"]
        return ticket["status"], ticket["ticket_type"]

    assert visit(servers, scene) == ("confirmed", floor)
