"""Receipts at a real door: who gets one, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.domain.decision_log.receipts import ReceiptSigner
from events.models import Event
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.receipts import at_the_door, opened_of, receipt_of, receipts_of
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]
Scene = Callable[[Visitor], Awaitable[Any]]


@pytest.fixture
def enter(servers: Services, redis_client: redis.Redis) -> Callable[[Scene], Any]:
    return lambda scene: at_the_door(servers, redis_client, scene)


@pytest.mark.usefixtures("both_ways")
def test_a_receipt_names_ticket_place_and_time_for_those_who_ask(make_event: Make, enter: Any) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        first = await receipt_of(visitor, event, 1)
        status, sent, body = await visitor.register(event.pk, 2)
        assert (status, "receipt" in body["data"], "preference-applied" in sent) == (202, False, False)
        third = await receipt_of(visitor, event, 3)
        assert [first["sequence"], third["sequence"]] == [1, 3]

    enter(scene)


@pytest.mark.usefixtures("both_ways")
def test_a_retry_gets_the_same_statement_in_line_and_after_the_decision(
    make_event: Make, enter: Any, drain: Drain
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        statements = [opened_of(await receipt_of(visitor, event, 1, idempotency_key="one"))]
        await receipt_of(visitor, event, 2)
        statements.append(opened_of(await receipt_of(visitor, event, 1, idempotency_key="one")))
        await asyncio.to_thread(drain.run, event.pk)
        statements.append(opened_of(await receipt_of(visitor, event, 1, idempotency_key="one")))
        assert len(set(statements)) == 1

    enter(scene)


@pytest.mark.usefixtures("both_ways")
def test_who_is_refused_gets_no_receipt(make_event: Make, enter: Any, drain: Drain) -> None:
    event = make_event(max_capacity=1)

    async def scene(visitor: Visitor) -> None:
        await receipt_of(visitor, event, 1)
        await asyncio.to_thread(drain.run, event.pk)
        status, sent, body = await visitor.register(event.pk, 2, prefer="receipt")
        assert (status, body["code"], "preference-applied" in sent) == (409, "sold_out", False)

    enter(scene)


@pytest.mark.usefixtures("both_ways")
def test_an_event_that_is_loaded_first_gives_receipts_too(
    make_event: Make, enter: Any, redis_client: redis.Redis
) -> None:
    event = make_event()
    redis_client.delete(event_keys(event.pk).state)
    enter(lambda visitor: receipt_of(visitor, event, 1))


@pytest.mark.usefixtures("both_ways")
def test_those_who_come_at_once_share_signatures(make_event: Make, enter: Any) -> None:
    event = make_event()
    told = enter(lambda visitor: receipts_of(visitor, event, 60))
    assert sorted(one["sequence"] for one in told) == list(range(1, 61))
    assert len({one["note"] for one in told}) < 10


@pytest.mark.usefixtures("both_ways")
def test_those_who_come_at_once_for_several_events_share_them_too(make_event: Make, enter: Any) -> None:
    events = [make_event() for _ in range(20)]

    async def scene(visitor: Visitor) -> list[dict[str, Any]]:
        return list(await asyncio.gather(*(receipt_of(visitor, event, 1) for event in events)))

    told = enter(scene)
    assert [one["event_id"] for one in told] == [event.pk for event in events]
    assert len({one["note"] for one in told}) < 10


@pytest.mark.usefixtures("both_ways")
def test_without_a_key_a_registration_is_answered_as_if_none_had_been_asked_for(
    make_event: Make, servers: Services
) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        status, sent, body = await visitor.register(event.pk, 1, prefer="receipt")
        assert (status, "receipt" in body["data"], "preference-applied" in sent) == (202, False, False)

    visit(servers, scene)


@pytest.mark.usefixtures("both_ways")
def test_a_registration_stays_promised_if_its_receipt_cannot_be_signed(
    make_event: Make, enter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event()

    def fail(*_: object) -> list[bytes]:
        raise OSError("no more randomness")

    monkeypatch.setattr(ReceiptSigner, "sign", fail)

    async def scene(visitor: Visitor) -> None:
        status, sent, body = await visitor.register(event.pk, 1, prefer="receipt")
        assert (status, body["data"]["status"], "preference-applied" in sent) == (202, "queued", False)

    enter(scene)
