"""Places on the waitlist: kept by the publishing script, told by the status script, and by the ledger where Redis has
lost them."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import pytest
import redis

from events.admission.keys import event_keys
from events.admission.queue import Queue
from events.admission.replies import AdmitReply
from events.domain.outcome import Outcome
from events.domain.states import Status
from events.domain.waiting import ASSUMED_PER_SECOND
from events.door.loader import DatabaseUnavailable
from events.models import Event
from omnify.loader import LedgerLoader
from tests.support.in_process.door import NoLoader
from tests.support.in_process.drain import outcome, publish
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for
from tests.support.in_process.positions import places, stand
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def test_the_waitlist_moves_up_in_order_of_admission(make_event: Make, queue: Queue, servers: Services) -> None:
    event = make_event()
    a, b, c = tickets.mint(), tickets.mint(), tickets.mint()
    # Published out of order, as by two drains.
    publish(queue, event, outcome(c, Status.WAITLISTED, 9), outcome(a, Status.WAITLISTED, 3), waitlisted=2)
    publish(queue, event, outcome(b, Status.WAITLISTED, 5), waitlisted=3)
    assert places(servers, event, a, b, c) == [1, 2, 3]
    publish(queue, event, outcome(a, Status.CONFIRMED, 3, revision=2), waitlisted=2)
    publish(queue, event, outcome(b, Status.CANCELLED, 5, revision=2), waitlisted=1)
    [first, second, third] = stand(servers, event, a, b, c)
    assert (first.status, second.status, third.status) == (Status.CONFIRMED, Status.CANCELLED, Status.WAITLISTED)
    assert (first.position, second.position, third.position) == (None, None, 1)


def test_a_late_publish_puts_no_ticket_back_on_the_waitlist(
    make_event: Make, queue: Queue, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    key = tickets.mint()
    waiting = outcome(key, Status.WAITLISTED, 1)
    publish(queue, event, waiting, waitlisted=1)
    publish(queue, event, outcome(key, Status.CONFIRMED, 1, revision=2), waitlisted=0)
    assert publish(queue, event, waiting, waitlisted=0) == 0
    assert redis_client.zcard(event_keys(event.pk).waitlist) == 0
    assert stand(servers, event, key)[0].status is Status.CONFIRMED


def test_a_waitlist_that_is_not_whole_gives_no_place(
    make_event: Make, queue: Queue, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event()
    a, b = tickets.mint(), tickets.mint()
    publish(queue, event, outcome(a, Status.WAITLISTED, 1), outcome(b, Status.WAITLISTED, 2), waitlisted=2)
    redis_client.zrem(event_keys(event.pk).waitlist, a)

    class Ledger(NoLoader):
        async def waitlist_position(self, event_id: int, key: str) -> int | None:
            return {a: 1, b: 2}[key]

    assert places(servers, event, a, b, loader=Ledger()) == [1, 2]

    class Away(NoLoader):
        async def waitlist_position(self, event_id: int, key: str) -> int | None:
            raise DatabaseUnavailable

    [ticket, _] = stand(servers, event, a, b, loader=Away())
    assert (ticket.status, ticket.position) == (Status.WAITLISTED, None)


def test_the_ledger_counts_places_and_knows_of_a_promotion_that_redis_missed(
    make_event: Make, admit: Admit, drain: Drain, servers: Services, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=5)
    applications = [apply_for(n) for n in range(4)]
    admit(event.pk, applications)
    drain.run(event.pk)
    keys = [application.key for application in applications]
    assert places(servers, event, *keys) == [None, 1, 2, 3]
    redis_client.delete(event_keys(event.pk).waitlist)
    loader = LedgerLoader(redis_client)
    assert places(servers, event, *keys, loader=loader) == [None, 1, 2, 3]
    redis_client.delete(*event_keys(event.pk).decided)
    assert places(servers, event, *keys, loader=loader) == [None, 1, 2, 3]


def test_only_the_outcome_is_taken_from_the_ledger_if_it_is_newer(
    make_event: Make, queue: Queue, servers: Services
) -> None:
    event = make_event()
    key = tickets.mint()
    publish(queue, event, outcome(key, Status.WAITLISTED, 1, revision=1), waitlisted=7)

    class Ledger(NoLoader):
        async def waitlist_position(self, event_id: int, key: str) -> int | None:
            return None

        async def find_outcome(self, event_id: int, key: str) -> Outcome | None:
            return outcome(key, Status.CONFIRMED, 1, revision=2)

    assert stand(servers, event, key, loader=Ledger())[0].status is Status.CONFIRMED


def test_a_ticket_on_the_waitlist_costs_250_bytes_at_most(
    make_event: Make, queue: Queue, redis_client: redis.Redis
) -> None:
    """160 for its outcome, as every decided one, and 75 for its place."""
    event = make_event()
    count, now_ms = 5000, int(time.time() * 1000)
    batch = [
        msgspec.structs.replace(
            outcome(tickets.mint(), Status.WAITLISTED, n, email=tickets.email_digest(f"{n}@example.com")),
            requested_ms=now_ms,
            decided_ms=now_ms,
        )
        for n in range(1, count + 1)
    ]
    publish(queue, event, *batch, waitlisted=count)
    keys = event_keys(event.pk)
    used = sum(redis_client.memory_usage(name, samples=0) or 0 for name in (*keys.decided, keys.waitlist))
    assert redis_client.zcard(keys.waitlist) == count
    assert used / count <= 250


def test_small_batches_do_not_make_a_full_queue_look_slow(
    make_event: Make, queue: Queue, redis_client: redis.Redis
) -> None:
    event = make_event()
    state = event_keys(event.pk).state

    def decide(count: int, rate: float) -> float:
        batch = [outcome(tickets.mint(), Status.REJECTED, n) for n in range(1, count + 1)]
        publish(queue, event, *batch, waitlisted=0, rate=rate)
        return float(redis_client.hget(state, "rate") or 0)

    assert decide(1, 5.0) == pytest.approx(ASSUMED_PER_SECOND, rel=0.001)
    for _ in range(6):
        fast = decide(1000, 8000.0)
    assert fast == pytest.approx(8000, rel=0.02)
    for _ in range(100):
        assert decide(1, 20.0) == pytest.approx(fast, rel=0.001)
    assert decide(1000, 400.0) < 0.6 * fast
