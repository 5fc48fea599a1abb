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
from tests.support.service.metrics import LOOK_SECONDS, scrape, value
from tests.support.soak import amount
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two services, for all tests of this file: it takes some seconds to start them."""
    yield from running_pair()


# Of so many cases of a family one is tried in each `make test`, and the others in `make soak`.
ONE_OF = 8
CASES_OF_FAMILIES = [
    pytest.param(case, id=f"{family}: {name}", marks=[pytest.mark.soak(only=True)] if number % ONE_OF else [])
    for family, cases in FAMILIES.items()
    for number, (name, case) in enumerate(cases.items())
]


@pytest.mark.parametrize("case", CASES_OF_FAMILIES)
def test_both_ways_give_the_same_answers_effects_and_connections(pair: Pair, case: Case) -> None:
    found = difference(*observe_both(pair, case))
    assert not found, found


REPEATED = 5
# For each route, one of the other that never takes the fast path.
MARKERS: dict[str, tuple[str, str, str, bytes | None, dict[str, str]]] = {
    "register": ("status", "HEAD", "/registrations/1-made-up", None, {}),
    "status": ("register", "POST", "/events/999999/register", b"0\r\n\r\n", {"Transfer-Encoding": "chunked"}),
}


def slow_requests(side: Side, route: str) -> float:
    """How many requests of a route have taken the slow path.

    A door writes its counts a while later, those of both routes at once: when it has counted one more of the other
    route than before, it has counted all of this one.
    """
    other, *marker = MARKERS[route]
    before = _counted(side, other)
    side.service.address.ask(*marker)
    wait_until(lambda: _counted(side, other) > before, "the marker is counted", between=LOOK_SECONDS)
    return _counted(side, route)


def _counted(side: Side, route: str) -> float:
    return value(scrape(side.service), "omnify_door_slow_path_total", route=route)


@pytest.mark.parametrize("route", MARKERS)
def test_plain_requests_take_the_fast_path_where_it_is_on(pair: Pair, route: str) -> None:
    """Or the slow path would be compared with itself."""
    event = pair.new_event()

    def send(side: Side, *before: bytes) -> float:
        counted = slow_requests(side, route)
        to = Requests(event, side.prepared)
        make = to.register if route == "register" else to.poll
        plain = [make() for _ in range(REPEATED)]
        converse(side.service.address, side.store(event), [*in_turn(*before, *plain), HangUp()], patience=0)
        return slow_requests(side, route) - counted

    assert pair.in_both(send) == (0, REPEATED)

    def is_back() -> bool:
        """After another request. A client that is quick sends the next one before gunicorn waits for it."""
        return send(pair.fast, Requests(event, pair.fast.prepared).cold()) < REPEATED

    wait_until(is_back, "a connection is back on the fast path")


def test_what_cannot_be_read_is_refused_in_a_way_that_pages_elsewhere_may_read(pair: Pair) -> None:
    def ask(side: Side) -> tuple[int, str | None]:
        answer = side.service.address.ask(
            "GET", "/events?search=" + "a" * 9000, None, {"Origin": "https://shop.example"}
        )
        return answer.status, answer.headers.get("access-control-allow-origin")

    assert pair.in_both(ask) == ((414, "*"), (414, "*"))


@settings(max_examples=amount(25, soak=3000))
@given(made_up=CASES)
def test_both_ways_are_alike_for_made_up_requests(pair: Pair, made_up: MadeUp) -> None:
    try:
        made_up.steps(Requests(FIRST_EVENT, pair.fast.prepared))
    except Unpredictable:
        reject()
    found = difference(*observe_both(pair, made_up.steps, made_up=True))
    assert not found, found
