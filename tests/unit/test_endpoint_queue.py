"""How many requests an endpoint gets at once, and when it gets no more."""

from __future__ import annotations

from typing import Any, cast

from events.domain.webhooks.retry import FAILURES_TO_OPEN
from worker.webhooks.endpoint_queue import IDLE_CLAIMS, EndpointQueue


def queue_with_deliveries() -> EndpointQueue:
    queue = EndpointQueue()
    queue.add(cast("list[Any]", list(range(100))))
    return queue


def test_an_endpoint_that_fails_gets_no_more_until_its_failures_are_recorded() -> None:
    queue = queue_with_deliveries()
    for _ in range(FAILURES_TO_OPEN):
        assert queue.has_capacity
        queue.completed(delivered=False)
    assert (queue.has_capacity, queue.may_send) == (False, False)
    queue.done()
    assert (queue.has_capacity, queue.may_send) == (True, True)


def test_a_success_ends_a_row_of_failures() -> None:
    queue = queue_with_deliveries()
    for _ in range(3):
        for _ in range(FAILURES_TO_OPEN - 1):
            queue.completed(delivered=False)
        queue.completed(delivered=True)
    assert queue.may_send


def test_what_is_recorded_of_successes_allows_no_further_failures() -> None:
    queue = queue_with_deliveries()
    for _ in range(50):
        queue.completed(delivered=True)
        queue.done()
    for _ in range(FAILURES_TO_OPEN):
        queue.completed(delivered=False)
    assert not queue.may_send


def test_a_queue_is_idle_after_many_claims_that_brought_nothing_and_not_while_it_has_something_to_record() -> None:
    queue = EndpointQueue()
    for _ in range(IDLE_CLAIMS + 1):
        assert not queue.is_idle
        queue.capacity()
        queue.add([])
    assert queue.is_idle
    queue.capacity()
    queue.add(cast("list[Any]", [1]))
    assert not queue.is_idle
    queue.deliveries.popleft()
    assert not queue.is_idle
    queue.done()
    assert queue.is_idle
