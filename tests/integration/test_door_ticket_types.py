"""Groups and ticket types at the door: what they may ask for, and what is sold out, from Redis alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.models import Event
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import ticket_type
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("both_ways")]

Make = Callable[..., Event]


def types_of(event: Event) -> list[int]:
    return list(event.ticket_types.order_by("rank").values_list("pk", flat=True))


def test_types_are_sold_out_one_by_one_before_the_queue(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(ticket_types=[ticket_type("Floor", 1), ticket_type("Balcony", 2, waitlist=1)])
    floor, balcony = types_of(event)

    async def scene(visitor: Visitor) -> None:
        async def ask(number: int, type_id: int) -> Any:
            status, _, body = await visitor.ask_for(event.pk, number, {"ticket_type": type_id})
            return body["code"] if status != 202 else status

        assert await ask(1, floor) == 202
        await asyncio.to_thread(drain.run, event.pk)
        assert [await ask(2, floor), await ask(3, balcony)] == ["sold_out", 202]
        shown = (await visitor.ask("GET", f"/events/{event.pk}"))[2]["data"]
        assert [found["registration_state"] for found in shown["ticket_types"]] == ["sold_out", "open"]
        assert (shown["registration_state"], shown["seats_left"], shown["max_capacity"]) == ("open", 2, 3)
        assert [await ask(4, balcony), await ask(5, balcony)] == [202, 202]
        await asyncio.to_thread(drain.run, event.pk)
        assert [await ask(6, balcony), await ask(7, floor)] == ["sold_out", "sold_out"]
        shown = (await visitor.ask("GET", f"/events/{event.pk}"))[2]["data"]
        assert [found["waitlisted_count"] for found in shown["ticket_types"]] == [0, 1]
        assert shown["registration_state"] == "sold_out"

    visit(servers, scene)


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": 21}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "2"}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": 3}, "quantity"),
        ({"ticket_type": 0}, "ticket_type"),
        ({"ticket_type": "1"}, "ticket_type"),
        ({"ticket_type": 10**30}, "ticket_type"),
        ({"ticket_type": 999_001}, "ticket_type"),
    ],
)
def test_what_cannot_be_had_is_named(
    fields: dict[str, Any], blamed: str, make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    plain = make_event(max_quantity=2)
    typed = make_event(ticket_types=[ticket_type("Floor", 9, most=2)])

    async def scene(visitor: Visitor) -> None:
        for event in (plain, typed):
            status, _, body = await visitor.ask_for(event.pk, 1, fields)
            assert (status, body["code"], list(body["errors"])) == (400, "invalid", [blamed]), body
            assert not redis_client.exists(event_keys(event.pk).queue)

    visit(servers, scene)


def test_a_type_must_be_named_where_there_are_several_and_be_of_this_event(make_event: Make, servers: Services) -> None:
    event = make_event(ticket_types=[ticket_type("Floor", 9), ticket_type("Balcony", 9)])
    other = make_event(ticket_types=[ticket_type("Floor", 9)])
    [foreign] = types_of(other)

    async def scene(visitor: Visitor) -> None:
        for fields in ({}, {"ticket_type": foreign}):
            status, _, body = await visitor.ask_for(event.pk, 1, fields)
            assert (status, list(body["errors"])) == (400, ["ticket_type"])
        status, headers, _ = await visitor.register(other.pk, 1)
        assert status == 202
        ticket = (await visitor.ask("GET", headers["location"]))[2]["data"]
        assert (ticket["status"], ticket["ticket_type"], ticket["quantity"]) == ("queued", foreign, 1)

    visit(servers, scene)


def test_a_group_gets_all_its_seats_or_waits_whole_and_no_one_passes_it(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(max_capacity=4, waitlist_capacity=6, max_quantity=4)

    async def scene(visitor: Visitor) -> None:
        urls = []
        for number, quantity in enumerate((1, 2, 3, 1)):
            status, headers, _ = await visitor.ask_for(event.pk, number, {"quantity": quantity})
            assert status == 202
            urls.append(headers["location"])
        await asyncio.to_thread(drain.run, event.pk)

        async def read() -> list[tuple[str, Any, int]]:
            found = [(await visitor.ask("GET", url))[2]["data"] for url in urls]
            return [(ticket["status"], ticket["position"], ticket["quantity"]) for ticket in found]

        # One seat is free, and kept for the group of three: the last to come waits behind it.
        waiting = [("waitlisted", 1, 3), ("waitlisted", 2, 1)]
        assert await read() == [("confirmed", None, 1), ("confirmed", None, 2), *waiting]
        shown = (await visitor.ask("GET", f"/events/{event.pk}"))[2]["data"]
        assert (shown["confirmed_count"], shown["waitlisted_count"], shown["seats_left"]) == (3, 4, 0)
        assert shown["registration_state"] == "waitlist"
        await visitor.ask("DELETE", urls[0])
        await asyncio.to_thread(drain.run, event.pk)
        assert (await read())[2:] == waiting
        await visitor.ask("DELETE", urls[2])
        await asyncio.to_thread(drain.run, event.pk)
        assert [status for status, *_ in await read()] == ["cancelled", "confirmed", "cancelled", "confirmed"]

    visit(servers, scene)


@pytest.mark.parametrize("typed", [False, True])
def test_seats_that_are_kept_for_a_group_are_sold_out_at_the_door(
    typed: bool, make_event: Make, servers: Services, drain: Drain
) -> None:
    """Two of three are taken, and three wait for theirs: the waitlist is full, and the third seat is kept."""
    sizes = {"max_capacity": 3, "waitlist_capacity": 3, "max_quantity": 3}
    event = make_event(**({"ticket_types": [ticket_type("Floor", 3, waitlist=3, most=3)]} if typed else sizes))

    async def scene(visitor: Visitor) -> None:
        for number, quantity in enumerate((2, 3)):
            assert (await visitor.ask_for(event.pk, number, {"quantity": quantity}))[0] == 202
        await asyncio.to_thread(drain.run, event.pk)
        status, _, body = await visitor.register(event.pk, 9)
        assert (status, body["code"]) == (409, "sold_out")

    visit(servers, scene)


def test_positions_count_tickets_of_the_same_type(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(ticket_types=[ticket_type(name, 1, waitlist=9, most=3) for name in ("Floor", "Balcony")])
    floor, balcony = types_of(event)

    async def scene(visitor: Visitor) -> None:
        asked = [(floor, 1), (balcony, 1), (balcony, 1), (floor, 1), (balcony, 1), (floor, 1)]
        urls = []
        for number, (type_id, quantity) in enumerate(asked):
            fields = {"ticket_type": type_id, "quantity": quantity}
            urls.append((await visitor.ask_for(event.pk, number, fields))[1]["location"])
        await asyncio.to_thread(drain.run, event.pk)
        found = [(await visitor.ask("GET", url))[2]["data"]["position"] for url in urls]
        assert found == [None, None, 1, 1, 2, 2]

    visit(servers, scene)


def test_a_key_with_another_quantity_is_another_body_and_one_seat_is_the_default(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(max_quantity=3)

    async def scene(visitor: Visitor) -> None:
        async def ask(fields: dict[str, Any]) -> tuple[int, Any]:
            status, headers, body = await visitor.ask_for(event.pk, 1, fields, idempotency_key="one")
            return status, headers.get("location", body.get("code"))

        first = await ask({})
        assert first == await ask({"quantity": 1}) == await ask({"quantity": None, "ticket_type": None})
        assert await ask({"quantity": 2}) == (422, "idempotency_key_reused")
        await asyncio.to_thread(drain.run, event.pk)
        assert await ask({"quantity": 1}) == first

    visit(servers, scene)


def test_an_event_without_types_and_groups_has_nothing_of_them_in_redis(
    make_event: Make, servers: Services, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=1)
    keys = event_keys(event.pk)

    async def scene(visitor: Visitor) -> None:
        await visitor.ask_for(event.pk, 1, {"quantity": 1})
        [(_, entry)] = redis_client.xrange(keys.queue)
        assert set(entry) == {b"t", b"r", b"p"}
        ticket = next(value for field, value in redis_client.hgetall(keys.pending).items() if field[:1] == b"t")
        assert ticket.count(b"|") == 2
        assert ticket.endswith(b"|")
        await visitor.register(event.pk, 2)
        await asyncio.to_thread(drain.run, event.pk)
        outcomes = [
            value
            for slot in keys.decided
            for field, value in redis_client.hgetall(slot).items()
            if field.startswith(b"t")
        ]
        assert [value.rpartition(b"|")[2] for value in outcomes] == [b"", b""]
        assert redis_client.zrange(keys.waitlist, 0, -1, withscores=True)[0][1] == 2.0

    visit(servers, scene)
