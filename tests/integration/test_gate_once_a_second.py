"""What the gate does once a second only, on a real Valkey: counts, and wake-ups that are repeated."""

from __future__ import annotations

import time
from collections.abc import Callable

import redis

from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.admission.stats import PER_SECOND, queue_stats
from events.models import Event
from tests.support.in_process.gate import apply_for

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]


def wait_for_a_later_second(client: redis.Redis, event_id: int) -> None:
    """Than the last in which this event admitted any."""
    last = int(client.hget(event_keys(event_id).state, "counted") or 0) // PER_SECOND
    deadline = time.monotonic() + 60
    while client.time()[0] <= last:
        assert time.monotonic() < deadline, "the server's clock stands still"
        time.sleep(0.01)


def test_a_wake_up_that_was_lost_is_repeated_in_a_later_second(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    event = make_event()
    assert admit(event.pk, [apply_for(1)]).wake
    redis_client.delete(event_keys(event.pk).wake)
    wait_for_a_later_second(redis_client, event.pk)
    assert admit(event.pk, [apply_for(2)]).wake


def test_a_queue_that_was_emptied_is_woken_up_for_in_the_same_second(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    event = make_event()
    for number in range(20):
        assert admit(event.pk, [apply_for(number)]).wake
        redis_client.delete(event_keys(event.pk).wake, event_keys(event.pk).queue)


def test_a_second_is_counted_once_and_kept_when_the_next_begins(
    make_event: Make, admit: Admit, redis_client: redis.Redis
) -> None:
    event = make_event()
    keys = event_keys(event.pk)
    admitted = 0
    for _ in range(3):
        for _ in range(2):
            admitted += 1
            admit(event.pk, [apply_for(admitted)])
        wait_for_a_later_second(redis_client, event.pk)
    counts = [value.split(b"|") for value in redis_client.hgetall(keys.rates).values()]
    counted = int(redis_client.hget(keys.state, "counted") or 0) % PER_SECOND
    assert sum(int(count) for _, count in counts) + counted == admitted == 6
    assert len({second for second, _ in counts}) >= 2
    assert queue_stats(redis_client, event.pk).queued == 6
