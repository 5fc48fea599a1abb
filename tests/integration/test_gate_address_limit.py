"""The limit on addresses, in the gate on a real Valkey: exact counts, waits that come true, and nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from math import floor
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission import keys as k
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply, RateLimited
from events.domain.rate_limit import Quota, RateLimit
from events.models import Event
from tests.support.in_process.events import contents
from tests.support.in_process.gate import apply_for, kinds, with_gate
from tests.support.servers import Services
from worker.drain import Drain

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]

HOUR = 3_600_000
HERE, THERE = "addrHERE", "addrTHER"


def lefts(reply: AdmitReply) -> list[int | None]:
    return [quota.left if quota else None for quota in reply.quotas()]


def per_hour(count: int) -> RateLimit:
    return RateLimit(count, 3600)


def hour_now(client: redis.Redis) -> int:
    seconds, _ = client.time()
    return int(seconds) // 3600


def counted(client: redis.Redis, event: Event, hour: int) -> dict[bytes, bytes]:
    found: Any = client.hgetall(event_keys(event.pk).addresses[hour % 2])
    return dict(found)


def test_an_address_gets_so_many_and_another_gets_its_own(make_event: Make, admit: Admit) -> None:
    event, limit = make_event(), per_hour(3)
    first = admit(event.pk, [apply_for(n, address=HERE) for n in range(2)], limit=limit)
    assert (kinds(first), lefts(first)) == (["admitted", "admitted"], [2, 1])
    mixed = [apply_for(n, address=where) for n, where in enumerate([HERE, HERE, THERE, HERE, THERE], start=2)]
    second = admit(event.pk, mixed, limit=limit)
    assert (kinds(second), lefts(second)) == (
        ["admitted", "rate_limited", "admitted", "rate_limited", "admitted"],
        [0, 0, 2, 0, 1],
    )


def test_another_event_counts_for_itself(make_event: Make, admit: Admit) -> None:
    event, other = make_event(), make_event()
    assert kinds(admit(event.pk, [apply_for(n, address=HERE) for n in range(2)], limit=per_hour(1))) == [
        "admitted",
        "rate_limited",
    ]
    assert kinds(admit(other.pk, [apply_for(1, address=HERE)], limit=per_hour(1))) == ["admitted"]


def test_who_has_no_address_is_neither_limited_nor_counted(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    event = make_event()
    reply = admit(event.pk, [apply_for(n) for n in range(4)], limit=per_hour(1))
    assert (kinds(reply), reply.quotas()) == (["admitted"] * 4, [None] * 4)
    assert not redis_client.exists(*event_keys(event.pk).addresses)


def test_without_a_limit_nothing_is_counted(make_event: Make, admit: Admit, redis_client: redis.Redis) -> None:
    event = make_event()
    reply = admit(event.pk, [apply_for(n, address=HERE) for n in range(4)])
    assert (kinds(reply), reply.quotas()) == (["admitted"] * 4, [None] * 4)
    assert not redis_client.exists(*event_keys(event.pk).addresses)


def test_a_limited_registration_writes_nothing(make_event: Make, admit: Admit, redis_client: redis.Redis) -> None:
    event, limit = make_event(), per_hour(1)
    admit(event.pk, [apply_for(1, address=HERE)], limit=limit)
    before = contents(redis_client)
    for number in range(2, 5):
        assert kinds(admit(event.pk, [apply_for(number, address=HERE)], limit=limit)) == ["rate_limited"]
    assert contents(redis_client) == before


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"registration_opens_at": timedelta(hours=1)}, ["not_open", "not_open", "rate_limited"]),
        ({"registration_closes_at": timedelta(hours=-1)}, ["closed", "closed", "rate_limited"]),
        ({}, ["admitted", "duplicate", "rate_limited"]),
    ],
)
def test_refusals_count_too_since_each_tells_something(
    make_event: Make, admit: Admit, fields: dict[str, timedelta], expected: list[str]
) -> None:
    event = make_event(**{name: timezone.now() + delta for name, delta in fields.items()})
    assert kinds(admit(event.pk, [apply_for(1, address=HERE) for _ in range(3)], limit=per_hour(2))) == expected


def test_the_retry_of_a_known_ticket_gets_it_beyond_the_limit_and_costs_the_neighbours_nothing(
    make_event: Make, admit: Admit, drain: Drain
) -> None:
    event, limit = make_event(), per_hour(2)
    mine = apply_for(1, key="K" * 20, note="aa", address=HERE)
    assert kinds(admit(event.pk, [mine], limit=limit)) == ["admitted"]
    again = admit(event.pk, [mine] * 5, limit=limit)
    assert (kinds(again), again.quotas()) == (["queued"] * 5, [None] * 5)
    neighbours = [apply_for(n, address=HERE) for n in (2, 3)]
    assert kinds(admit(event.pk, [*neighbours, mine], limit=limit)) == ["admitted", "rate_limited", "queued"]
    drain.run(event.pk)
    assert kinds(admit(event.pk, [mine], limit=limit)) == ["decided"]


@pytest.mark.parametrize(("before", "used", "count"), [(100, 0, 100), (100, 37, 100), (5, 0, 1), (9, 3, 4), (1, 1, 2)])
def test_the_window_before_weighs_as_much_as_still_lies_within_reach(
    make_event: Make, admit: Admit, redis_client: redis.Redis, before: int, used: int, count: int
) -> None:
    event, hour = make_event(), hour_now(redis_client)
    slots = event_keys(event.pk).addresses
    redis_client.hset(slots[(hour - 1) % 2], mapping={"w": hour - 1, HERE: before})
    redis_client.hset(slots[hour % 2], mapping={"w": hour, HERE: used})
    for slot in slots:
        redis_client.expire(slot, 60)
    reply = admit(event.pk, [apply_for(n, address=HERE) for n in range(count + 1)], limit=per_hour(count))
    into = reply.now_ms - hour * HOUR
    fading = before * (HOUR - into) / HOUR
    taken = max(0, floor(count - used - fading))
    assert kinds(reply) == ["admitted"] * taken + ["rate_limited"] * (count + 1 - taken)
    wait = reply.answers[-1].wait_ms
    assert not passes(into + wait - 1, before=before, used=used + taken, count=count)
    assert passes(into + wait, before=before, used=used + taken, count=count)


def passes(into: int, *, before: int, used: int, count: int) -> bool:
    """Whether one more would be let in so many ms after the start of the window, which may be over by then."""
    if into >= HOUR:
        into, before, used = into - HOUR, used, 0
    return (used + 1) * HOUR + before * (HOUR - into) <= count * HOUR


def test_a_client_that_waits_as_long_as_told_gets_in_and_none_before(make_event: Make, servers: Services) -> None:
    """Real time: a window of a second, and a client that never stops trying."""
    event = make_event(max_capacity=1000)

    async def scene(gate: Any) -> None:
        due = 0
        admitted = 0
        number = 0
        while admitted < 12:
            number += 1
            reply = await gate.admit(event.pk, [apply_for(number, address=HERE)])
            [answer] = reply.answers
            if isinstance(answer, RateLimited):
                assert reply.now_ms < due or not due or reply.now_ms + answer.wait_ms == due
                due = reply.now_ms + answer.wait_ms
            else:
                assert reply.now_ms >= due
                admitted, due = admitted + 1, 0

    with_gate(servers, scene, queue_limit=10_000, limit=RateLimit(4, 1))


def test_a_reused_slot_is_never_mistaken(make_event: Make, admit: Admit, redis_client: redis.Redis) -> None:
    event, hour = make_event(), hour_now(redis_client)
    slots = event_keys(event.pk).addresses
    redis_client.hset(slots[hour % 2], mapping={"w": hour - 2, HERE: 100, "addrGONE": 5})
    redis_client.hset(slots[(hour + 1) % 2], mapping={"w": hour - 3, HERE: 100})
    redis_client.expire(slots[(hour + 1) % 2], 60)
    reply = admit(event.pk, [apply_for(n, address=HERE) for n in range(2)], limit=per_hour(2))
    assert (kinds(reply), lefts(reply)) == (["admitted", "admitted"], [1, 0])
    assert counted(redis_client, event, hour) == {b"w": str(hour).encode(), HERE.encode(): b"2"}
    assert 3600 < redis_client.ttl(slots[hour % 2]) <= 7200


def test_a_client_is_told_the_seconds_after_which_there_is_more(make_event: Make, admit: Admit) -> None:
    event = make_event()
    reply = admit(event.pk, [apply_for(n, address=HERE) for n in range(2)], limit=per_hour(1))
    rest = -(-(HOUR - reply.now_ms % HOUR) // 1000)
    assert reply.quotas()[0] == Quota(0, rest)
    assert reply.quotas()[1] == Quota(0, reply.answers[1].wait_seconds)


def test_a_crowd_of_addresses_is_counted_up_to_a_bound(
    make_event: Make, admit: Admit, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(k, "ADDRESSES_MAX", 3)
    event, hour, limit = make_event(), hour_now(redis_client), per_hour(1)
    crowd = [apply_for(n, address=f"addr{n:04}") for n in range(5)]
    assert kinds(admit(event.pk, crowd, limit=limit)) == ["admitted"] * 5
    assert len(counted(redis_client, event, hour)) == 1 + 3
    again = [apply_for(n + 10, address=f"addr{n:04}") for n in range(5)]
    assert kinds(admit(event.pk, again, limit=limit)) == [
        "rate_limited",
        "rate_limited",
        "rate_limited",
        "admitted",
        "admitted",
    ]
    assert len(counted(redis_client, event, hour)) == 1 + 3


def test_an_address_costs_100_bytes_at_most(make_event: Make, admit: Admit, redis_client: redis.Redis) -> None:
    """In each window. Registrations are refused here, so that nothing else grows."""
    event, count = make_event(cancelled_at=timezone.now()), 20_000

    def used() -> int:
        return int(redis_client.info("memory")["used_memory_dataset"])

    admit(event.pk, [apply_for(0, address="addrWARM")], limit=per_hour(1))
    before = used()
    for start in range(0, count, 500):
        batch = [apply_for(n, address=f"{n:08}") for n in range(start, start + 500)]
        assert kinds(admit(event.pk, batch, limit=per_hour(1000))) == ["closed"] * 500
    print(f"bytes for an address: {(used() - before) / count:.0f}")
    assert (used() - before) / count <= 100
