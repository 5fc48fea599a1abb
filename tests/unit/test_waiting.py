"""When to ask again: short near the front, long at the back, never all at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain.waiting import (
    LONGEST_RETRY_SECONDS,
    estimated_seconds,
    opening_retry,
    outage_retry,
    reconnect_ms,
    retry_after,
    waitlist_retry,
)

chances = st.floats(min_value=0, max_value=1, exclude_max=True)
spread = [number / 100 for number in range(100)]


@given(st.floats(min_value=0, max_value=1e9), chances)
def test_no_client_is_told_to_come_back_at_once_or_after_more_than_a_minute(seconds: float, jitter: float) -> None:
    assert 1 <= retry_after(seconds, jitter=jitter) <= LONGEST_RETRY_SECONDS


@given(st.floats(min_value=1, max_value=40), chances)
def test_the_answer_is_near_the_expected_wait(seconds: float, jitter: float) -> None:
    assert 0.75 * seconds <= retry_after(seconds, jitter=jitter) < 1.25 * seconds + 2


@pytest.mark.parametrize(("seconds", "least"), [(0.5, 2), (1, 3), (3, 3), (10, 7), (40, 21), (1000, 24)])
def test_a_crowd_is_spread_over_several_seconds(seconds: float, least: int) -> None:
    """A hundred people with the same place come back in at least this many different seconds."""
    assert len({retry_after(seconds, jitter=jitter) for jitter in spread}) >= least


def test_the_front_comes_back_sooner_than_the_back() -> None:
    waits = [sum(retry_after(s, jitter=c) for c in spread) for s in (0.1, 0.5, 2, 8, 30, 300)]
    assert waits == sorted(set(waits))


def test_the_expected_wait_follows_place_and_rate() -> None:
    assert estimated_seconds(position=5000, rate=2500) == 2.0
    assert estimated_seconds(position=1, rate=2500) == 0.1
    assert estimated_seconds(position=5000, rate=0) == 5.0


@given(st.integers(min_value=-5000, max_value=10**9), chances)
def test_no_client_is_sent_to_a_door_that_is_still_shut(ms: int, jitter: float) -> None:
    wait = opening_retry(ms, jitter=jitter)
    assert wait * 1000 >= ms
    assert wait <= max(1, ms / 1000 + 2)


def test_the_waitlist_is_worth_a_look_more_often_at_its_front() -> None:
    assert waitlist_retry(1, jitter=0.5) < waitlist_retry(40, jitter=0.5) < waitlist_retry(1000, jitter=0.5)
    assert waitlist_retry(None, jitter=0.5) == waitlist_retry(10**6, jitter=0.5) <= LONGEST_RETRY_SECONDS


@given(chances)
def test_an_outage_spreads_people_upwards_only(jitter: float) -> None:
    assert 2 <= outage_retry(2, jitter=jitter) < 4
    assert 1000 <= reconnect_ms(jitter=jitter) < 5000
