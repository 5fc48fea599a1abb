"""The same bytes, sent to the service with and without its fast path: same answers, effects and connections."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, reject, settings

from tests.support.differential.cases import FAMILIES
from tests.support.differential.conversation import converse
from tests.support.differential.grammar import CASES, MadeUp
from tests.support.differential.observation import Case, difference, observe_both
from tests.support.differential.pair import FIRST_EVENT, Pair, Side, running_pair
from tests.support.differential.prediction import Unpredictable
from tests.support.differential.requests import Requests
from tests.support.differential.steps import HangUp, in_turn
from tests.support.service.metrics import scrape, value
from tests.support.soak import amount
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

# More than the half second for which counts are buffered.
SETTLED_SECONDS = 0.7


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two services, for all tests of this file: it takes some seconds to start them."""
    yield from running_pair()


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{family}: {name}") for family, cases in FAMILIES.items() for name, case in cases.items()],
)
def test_both_ways_give_the_same_answers_effects_and_connections(pair: Pair, case: Case) -> None:
    found = difference(*observe_both(pair, case))
    assert not found, found


def slow_requests(side: Side) -> float:
    """How many registrations and polls have taken the slow path. Counts are written late: they must have settled."""

    def once() -> list[float]:
        before = _counted(side)
        time.sleep(SETTLED_SECONDS)
        return [before] if before == _counted(side) else []

    [found] = wait_until(once, "all requests are counted")
    return found


def _counted(side: Side) -> float:
    metrics = scrape(side.service)
    return sum(value(metrics, "omnify_door_slow_path_total", route=route) for route in ("register", "status"))


def test_plain_requests_take_the_fast_path_where_it_is_on(pair: Pair) -> None:
    """Or the slow path would be compared with itself."""
    event = pair.new_event()
    before = pair.in_both(slow_requests)

    def send(side: Side) -> None:
        to = Requests(event, side.prepared)
        plain = [request() for _ in range(10) for request in (to.register, to.poll)]
        converse(side.service.address, side.store(event), [*in_turn(to.cold(), *plain), HangUp()], patience=0)

    pair.in_both(send)
    fast, slow = (after - count for after, count in zip(pair.in_both(slow_requests), before, strict=True))
    assert (fast, slow) == (0, 20)


@settings(max_examples=amount(100, soak=3000))
@given(made_up=CASES)
def test_both_ways_are_alike_for_made_up_requests(pair: Pair, made_up: MadeUp) -> None:
    try:
        made_up.steps(Requests(FIRST_EVENT, pair.fast.prepared))
    except Unpredictable:
        reject()
    found = difference(*observe_both(pair, made_up.steps, made_up=True))
    assert not found, found
