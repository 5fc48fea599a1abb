"""Registrations of several events in one call, on a real Valkey: each event's as if they had come alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.errors import EventNotLoaded, QueueUnavailable
from events.admission.gate import Gate
from events.admission.keys import event_keys
from events.admission.open_gate import open_gate
from events.admission.replies import AdmitReply, Admitted
from events.admission.requests import AdmissionRequest
from events.domain.rate_limit import RateLimit
from events.models import Event
from tests.support.in_process.door import visit
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kinds, with_gate
from tests.support.servers import Services

Make = Callable[..., Event]
UNKNOWN = 999_999_999


def with_linked_gate(servers: Services, scene: Callable[[Gate], Any]) -> Any:
    """Runs a scene with a gate whose calls go over a link, as a door's do."""

    async def run() -> Any:
        gate = open_gate(servers.valkey.url(), queue_limit=1000)
        try:
            return await scene(gate)
        finally:
            await gate.aclose()

    return asyncio.run(run())


def calls(client: redis.Redis) -> int:
    return int(client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))


def events_of_each_kind(make_event: Make, client: redis.Redis) -> list[int]:
    past, later = timezone.now() - timedelta(minutes=5), timezone.now() + timedelta(minutes=5)
    events = [
        make_event(),
        make_event(registration_opens_at=later),
        make_event(registration_closes_at=past),
        make_event(paused_at=past),
        make_event(),
        make_event(),
    ]
    client.hset(event_keys(events[-1].pk).state, mapping={"capacity": 1, "confirmed": 1, "waitlist_capacity": 0})
    return [event.pk for event in events]


def heard(found: AdmitReply | Exception) -> Any:
    """What the clients of one event hear; times are left out."""
    if isinstance(found, Exception):
        return type(found)
    quotas = [quota and quota.left for quota in found.quotas()]
    return found.wake, kinds(found), [a for a in found.answers if isinstance(a, Admitted)], quotas, found.rate


def test_every_event_hears_in_one_call_what_it_would_alone(
    make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    together, alone = (events_of_each_kind(make_event, redis_client) for _ in range(2))
    limits = {"limit": RateLimit(3, 3600), "refusals": RateLimit(1, 3600)}
    first = [apply_for(n, note=f"note {n}", address="addrHERE") for n in range(2)]
    # One that is known, one whose Idempotency-Key had another body, two whose e-mail has a ticket, and two too many.
    again = [
        first[0],
        apply_for(7, note="note 0", address="addrTHER"),
        *(apply_for(1, address="addrELSE") for _ in range(2)),
        *(apply_for(n, address="addrHERE") for n in (8, 9)),
    ]

    async def ask(gate: Gate, batches: Mapping[int, list[AdmissionRequest]]) -> list[Any]:
        return [heard(found) for found in await gate.admit_several(batches)]

    for requests in (first, again):
        several = dict.fromkeys((*together, UNKNOWN), requests)
        in_one_call = with_gate(servers, lambda gate, batches=several: ask(gate, batches), **limits)
        one_by_one = [
            found
            for event in (*alone, UNKNOWN)
            for found in with_gate(servers, lambda gate, batch={event: requests}: ask(gate, batch), **limits)
        ]
        assert in_one_call == one_by_one
        assert in_one_call[-1] is EventNotLoaded
    assert in_one_call[0][1] == ["queued", "key_reused", "duplicate", "refusals_limited", "admitted", "rate_limited"]


def test_the_broken_keys_of_one_event_fail_no_other(
    make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    first, broken, last = make_event().pk, make_event().pk, make_event().pk
    redis_client.set(event_keys(broken).pending, "no hash", ex=60)

    async def scene(gate: Gate) -> list[Any]:
        return await gate.admit_several({event: [apply_for(event)] for event in (first, broken, last)})

    found = with_linked_gate(servers, scene)
    assert [type(each) for each in found] == [AdmitReply, QueueUnavailable, AdmitReply]
    assert [redis_client.xlen(event_keys(event).queue) for event in (first, broken, last)] == [1, 0, 1]


def test_a_server_that_has_become_a_replica_admits_for_no_event_and_is_left(
    make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    batches = {make_event().pk: [apply_for(1)] for _ in range(2)}

    async def scene(gate: Gate) -> list[Any]:
        await gate.admit_several(batches)
        redis_client.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            with pytest.raises(QueueUnavailable, match="ReadOnlyError"):
                await gate.admit_several({event: [apply_for(2)] for event in batches})
        finally:
            redis_client.execute_command("REPLICAOF", "NO", "ONE")
        return await gate.admit_several({event: [apply_for(3)] for event in batches})

    assert [heard(found)[1] for found in with_linked_gate(servers, scene)] == [["admitted"]] * 2


@pytest.mark.usefixtures("both_ways")
@pytest.mark.django_db(transaction=True)
def test_a_door_asks_for_all_events_of_a_crowd_at_once(
    make_event: Make, servers: Services, redis_client: redis.Redis
) -> None:
    events = [make_event().pk for _ in range(10)]

    async def scene(visitor: Any) -> tuple[int, list[Any]]:
        await visitor.register(events[0], "first")
        before = calls(redis_client)
        found = await asyncio.gather(*(visitor.register(event, n) for n in range(3) for event in events))
        return calls(redis_client) - before, found

    made, found = visit(servers, scene)
    assert [status for status, _, _ in found] == [202] * 30
    assert made == 1
    for event in events:
        of_event = [body["data"] for _, _, body in found if body["data"]["event_id"] == event]
        assert [tickets.parse(data["ticket_id"])[0] for data in of_event] == [event] * 3
        ahead = 1 if event == events[0] else 0
        assert [data["position"] for data in of_event] == [ahead + n for n in (1, 2, 3)]
