"""When a delivery is tried again, and what a breaker does meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain.webhooks.retry import (
    DELAYS,
    FAILURES_TO_OPEN,
    GIVE_UP_AFTER,
    LONGEST_OPEN_SECONDS,
    AttemptResult,
    Breaker,
    CompletedDispatch,
    decide_retry,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def result(
    status: int | None = 500, *, at: datetime = NOW, took: float = 0.1, retry_after: float = 0.0
) -> AttemptResult:
    return AttemptResult(status=status, started_at=at, ended_at=at + timedelta(seconds=took), retry_after=retry_after)


def wait(step: int, *, jitter: float = 0.0, retry_after: float = 0.0) -> float:
    found = result(retry_after=retry_after)
    decision = decide_retry(found, step=step, jitter=jitter)
    assert decision.at is not None
    return (decision.at - found.ended_at).total_seconds()


def test_the_schedule_is_the_contracts() -> None:
    hours = [seconds / 3600 for seconds in DELAYS[3:]]
    assert DELAYS[:3] == (5, 300, 1800)
    assert hours == [2, 5, 10, 14, 20, 24]
    assert [wait(step) for step in range(1, 10)] == list(DELAYS)


def test_after_the_last_attempt_a_delivery_is_dead() -> None:
    assert decide_retry(result(), step=len(DELAYS), jitter=0).completed is CompletedDispatch.RETRY
    assert decide_retry(result(), step=len(DELAYS) + 1, jitter=0).completed is CompletedDispatch.DEAD


@given(st.integers(1, len(DELAYS)), st.floats(0, 1))
def test_jitter_only_makes_a_wait_a_little_longer(step: int, jitter: float) -> None:
    assert DELAYS[step - 1] <= wait(step, jitter=jitter) <= DELAYS[step - 1] * 1.1 + 1e-3


def test_retry_after_makes_a_wait_longer_and_never_shorter() -> None:
    assert wait(1, retry_after=60) == 60
    assert wait(2, retry_after=1) == 300
    assert wait(1, retry_after=10**9) == 24 * 3600


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    assert decide_retry(result(status), step=1, jitter=0).completed is CompletedDispatch.DELIVERED


@pytest.mark.parametrize("status", [None, 100, 301, 302, 307, 308, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again(status: int | None) -> None:
    assert decide_retry(result(status), step=1, jitter=0).completed is CompletedDispatch.RETRY


def test_gone_is_gone() -> None:
    assert decide_retry(result(410), step=1, jitter=0).completed is CompletedDispatch.DEAD


def after(breaker: Breaker, *results: AttemptResult) -> Breaker:
    for found in results:
        breaker = breaker.after(found)
    return breaker


def test_a_breaker_opens_after_so_many_failures_in_a_row() -> None:
    almost = after(Breaker(), *[result()] * (FAILURES_TO_OPEN - 1))
    assert almost.open_until is None
    opened = almost.after(result())
    assert opened.open_until is not None
    assert opened.open_until > NOW


def test_one_success_closes_it_and_forgets_everything() -> None:
    opened = after(Breaker(), *[result()] * 50)
    assert opened.after(result(204)) == Breaker()


def test_what_was_under_way_when_it_opened_does_not_open_it_wider() -> None:
    opened = after(Breaker(), *[result()] * FAILURES_TO_OPEN)
    assert after(opened, *[result()] * 30).open_until == opened.open_until


def test_each_probe_that_fails_doubles_the_time_up_to_a_limit() -> None:
    breaker = after(Breaker(), *[result()] * FAILURES_TO_OPEN)
    lengths = []
    for _ in range(9):
        assert breaker.open_until is not None
        probe = result(at=breaker.open_until)
        breaker = breaker.after(probe)
        assert breaker.open_until is not None
        lengths.append((breaker.open_until - probe.ended_at).total_seconds())
    assert lengths[:3] == [10, 20, 40]
    assert lengths[-1] == LONGEST_OPEN_SECONDS


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_rest_gets_it_for_all_messages(status: int) -> None:
    rested = Breaker().after(result(status, retry_after=30))
    assert rested.open_until == NOW + timedelta(seconds=30.1)
    assert rested.trips == 0
    assert Breaker().after(result(status, retry_after=10**9)).open_until == NOW + timedelta(seconds=3600.1)


def test_only_failures_for_five_days_are_hopeless() -> None:
    failing = Breaker().after(result(took=0))
    assert not failing.gives_up(NOW + GIVE_UP_AFTER - timedelta(seconds=1))
    assert failing.after(result(at=NOW + timedelta(days=1))).gives_up(NOW + GIVE_UP_AFTER)
    assert not failing.after(result(200)).gives_up(NOW + timedelta(days=50))
