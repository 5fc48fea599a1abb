"""The same bytes, sent to the service with and without its fast path: same answers, effects and connections."""

from __future__ import annotations

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
from tests.support.service.metrics import grown, scrape
from tests.support.soak import amount
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

ROUTES = ("register", "status")


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


def slow_requests(side: Side, event: int, *, at_least: int) -> float:
    """How many of twenty plain requests, and of one that is none and comes last, took the slow path."""
    to, before = Requests(event, side.prepared), scrape(side.service)
    plain = [request() for _ in range(10) for request in (to.register, to.poll)]
    steps = [*in_turn(*plain, to.register("Connection: close")), HangUp()]
    converse(side.service.address, side.store(event), steps, patience=0)
    counted = [grown(side.service, before, "omnify_door_slow_path_total", route=route) for route in ROUTES]
    wait_until(lambda: sum(count() for count in counted) >= at_least, "the last one is counted")
    return sum(count() for count in counted)


def test_plain_requests_take_the_fast_path_where_it_is_on(pair: Pair) -> None:
    """Or the slow path would be compared with itself."""
    event = pair.new_event()
    assert slow_requests(pair.fast, event, at_least=1) == 1
    assert slow_requests(pair.slow, event, at_least=21) == 21


@settings(max_examples=amount(100, soak=3000))
@given(made_up=CASES)
def test_both_ways_are_alike_for_made_up_requests(pair: Pair, made_up: MadeUp) -> None:
    try:
        made_up.steps(Requests(FIRST_EVENT, pair.fast.prepared))
    except Unpredictable:
        reject()
    found = difference(*observe_both(pair, made_up.steps, made_up=True))
    assert not found, found
