"""Access codes at the door, over HTTP: what is said of them, and what is known under an Idempotency-Key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.domain.rate_limit import RateLimit
from events.models import Event
from tests.support.in_process.codes import give_codes, queued
from tests.support.in_process.door import Visitor, visit
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("both_ways")]

Make = Callable[..., Event]


def test_a_guest_with_a_code_gets_in_and_one_without_is_told_so(
    make_event: Make, servers: Services, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code", max_quantity=2)
    give_codes(redis_client, event, "SPRING", uses=3)

    async def scene(visitor: Visitor) -> None:
        assert (await visitor.ask("GET", f"/events/{event.pk}"))[2]["data"]["access"] == "code"
        for fields, code in (({}, "code_required"), ({"code": ""}, "code_required"), ({"code": None}, "code_required")):
            status, headers, body = await visitor.ask_for(event.pk, 1, fields)
            assert (status, body["code"], body["errors"]) == (403, code, None)
            assert "retry-after" not in headers
        status, headers, _ = await visitor.ask_for(event.pk, 1, {"code": "spr-ing", "quantity": 2})
        assert status == 202
        wrong = [await visitor.ask_for(event.pk, 2, {"code": code, "quantity": 2}) for code in ("SPRING", "WINTER")]
        assert [(status, body["code"]) for status, _, body in wrong] == [(403, "code_invalid")] * 2
        assert wrong[0][2] == wrong[1][2]
        await asyncio.to_thread(drain.run, event.pk)
        assert (await visitor.ask("GET", headers["location"]))[2]["data"]["status"] == "confirmed"

    visit(servers, scene)


def test_what_cannot_be_a_code_is_named(make_event: Make, servers: Services, redis_client: redis.Redis) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING")

    async def scene(visitor: Visitor) -> None:
        for code in (5, True, ["SPRING"], "x" * 1000, "SPRING\u0000", "SPR\u0007ING"):
            status, _, body = await visitor.ask_for(event.pk, 1, {"code": code})
            assert (status, body["code"], list(body["errors"])) == (400, "invalid", ["code"]), (code, body)

    visit(servers, scene)


def test_guesses_are_counted_against_their_address_and_a_missing_code_is_none(
    make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING")

    async def scene(visitor: Visitor) -> None:
        async def ask(number: int, **fields: str) -> tuple[int, str]:
            status, headers, body = await visitor.ask_for(event.pk, number, fields)
            assert ("retry-after" in headers) == (status in (202, 429))
            return status, body.get("code", "")

        assert [await ask(n) for n in range(4)] == [(403, "code_required")] * 4
        assert [await ask(n, code=f"GUESS{n}") for n in range(3)] == [(403, "code_invalid")] * 3
        # Then not even the right one is looked at.
        assert await ask(9, code="SPRING") == (429, "rate_limited")
        assert not redis_client.exists(event_keys(event.pk).queue)

    visit(servers, scene, refusals=RateLimit(3, 3600))


def test_the_code_is_part_of_the_body_however_it_is_written(
    make_event: Make, servers: Services, redis_client: redis.Redis, drain: Drain
) -> None:
    event = make_event(access="code")
    [code] = give_codes(redis_client, event, "SPRING")
    give_codes(redis_client, event, "SUMMER")

    async def scene(visitor: Visitor) -> None:
        async def ask(text: str) -> tuple[int, Any]:
            status, headers, body = await visitor.ask_for(event.pk, 1, {"code": text}, idempotency_key="one")
            return status, headers.get("location", body.get("code"))

        first = await ask("SPRING")
        assert first == await ask("spr ing")
        assert await ask("SUMMER") == (422, "idempotency_key_reused")
        assert queued(redis_client, event) == {code: 1}
        await asyncio.to_thread(drain.run, event.pk)
        # It is used up, and its ticket's holder is told of the ticket all the same.
        assert await ask("SPRING") == first

    visit(servers, scene)


def test_a_code_that_was_made_under_an_older_secret_stays_good(
    make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    from events.domain.tickets import Tickets

    event = make_event(access="code")
    give_codes(redis_client, event, "SPRING", uses=2)
    rotated = Tickets("a newer secret of the tests", "a secret of the tests")

    async def scene(visitor: Visitor) -> None:
        answers = [(await visitor.ask_for(event.pk, n, {"code": "SPRING"}))[0] for n in range(3)]
        assert answers == [202, 202, 403]

    visit(servers, scene, secrets=rotated)


def test_neither_the_queue_nor_a_log_has_the_code(
    make_event: Make, servers: Services, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    event = make_event(access="code")
    give_codes(redis_client, event, "SPRINGTIME")

    async def scene(visitor: Visitor) -> None:
        assert (await visitor.ask_for(event.pk, 1, {"code": "Spring-Time"}))[0] == 202
        assert (await visitor.ask_for(event.pk, 2, {"code": "Wrong-Time"}))[0] == 403

    with caplog.at_level("DEBUG"):
        visit(servers, scene)
    [(_, entry)] = redis_client.xrange(event_keys(event.pk).queue)
    assert set(entry) == {b"t", b"r", b"p", b"s"}
    for kept in (str(entry), caplog.text + str([record.__dict__ for record in caplog.records])):
        assert "spring" not in kept.casefold()
        assert "wrong" not in kept.casefold()
