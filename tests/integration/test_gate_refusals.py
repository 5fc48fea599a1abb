"""Which refusal is said first, and that refusals about other people are few: in the gate and at the door, on a real
Valkey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import redis

from events.admission import keys as k
from events.admission.keys import event_keys
from events.admission.replies import AdmitReply
from events.domain.rate_limit import RateLimit
from events.models import Event
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import contents
from tests.support.in_process.gate import apply_for, kinds, with_gate
from tests.support.servers import Services
from worker.drain import Drain

Make = Callable[..., Event]
HERE, THERE = "addrHERE", "addrTHER"
PLENTY = RateLimit(1000, 3600)


@pytest.fixture
def ask(servers: Services) -> Callable[..., list[str]]:
    """Hands applications in, as one batch, and says what each heard; without limits unless told."""

    def call(event: Event, applications: list[Any], *, queue_limit: int = 1000, **limits: Any) -> list[str]:
        reply: AdmitReply = with_gate(
            servers, lambda gate: gate.admit(event.pk, applications), queue_limit=queue_limit, **limits
        )
        return kinds(reply)

    return call


def refusals(count: int) -> RateLimit:
    return RateLimit(count, 3600, "refusals")


# Why a registration may be refused, in the contract's order, and how each comes about in the event's state.
STATES: list[tuple[str, dict[str, int]]] = [
    ("closed", {"closes": 1}),
    ("paused", {"paused": 1}),
    ("not_open", {"opens": 2**52}),
    ("sold_out", {"capacity": 1, "confirmed": 1, "waitlist_capacity": 0}),
]


@pytest.mark.parametrize("first", range(7))
def test_refusals_are_said_in_the_contracts_order(
    make_event: Make, ask: Callable[..., list[str]], redis_client: redis.Redis, first: int
) -> None:
    """With every reason to be refused the answer names the first; without that one the next, and so on."""
    event = make_event()
    assert ask(event, [apply_for(1, key="K" * 20, note="aa", address=HERE)], limit=RateLimit(1, 3600)) == ["admitted"]
    order = ["key_reused", "rate_limited", "closed", "paused", "not_open", "sold_out", "duplicate", "queue_full"]
    for kind, fields in STATES:
        if order.index(kind) >= first:
            redis_client.hset(event_keys(event.pk).state, mapping=fields)
    number = 1 if first <= order.index("duplicate") else 2
    application = apply_for(number, key="L" * 20, note="aa" if first == 0 else "", address=HERE)
    limit = RateLimit(1, 3600) if first <= 1 else None
    assert ask(event, [application], queue_limit=1, limit=limit) == [order[first]]


def test_a_full_queue_is_said_last(make_event: Make, ask: Callable[..., list[str]]) -> None:
    event = make_event()
    assert ask(event, [apply_for(1), apply_for(1), apply_for(2)], queue_limit=1) == [
        "admitted",
        "duplicate",
        "queue_full",
    ]


@pytest.mark.parametrize("waiting", [0, 1])
def test_a_sold_out_event_says_nothing_of_who_is_registered(
    make_event: Make, ask: Callable[..., list[str]], drain: Drain, redis_client: redis.Redis, waiting: int
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=waiting)
    ask(event, [apply_for(n) for n in range(1 + waiting)])
    drain.run(event.pk)
    before = contents(redis_client)
    strangers = [apply_for(n, address=HERE) for n in range(40)]
    assert ask(event, strangers, refusals=refusals(1)) == ["sold_out"] * 40
    assert contents(redis_client) == before


def test_an_address_hears_of_so_many_duplicates_and_then_of_none(
    make_event: Make, ask: Callable[..., list[str]], redis_client: redis.Redis
) -> None:
    event, both = make_event(), {"limit": PLENTY, "refusals": refusals(2)}
    ask(event, [apply_for(n, address=THERE) for n in range(3)], **both)
    assert not redis_client.exists(*event_keys(event.pk).refusals)
    guesses = [apply_for(n, address=HERE) for n in (0, 1, 2, 9)]
    assert ask(event, guesses, **both) == ["duplicate", "duplicate", "refusals_limited", "refusals_limited"]
    assert ask(event, [apply_for(0, address=HERE), apply_for(10, address=HERE)], **both) == [
        "refusals_limited",
        "refusals_limited",
    ]
    assert ask(event, [apply_for(10, address=THERE), apply_for(0, address=THERE)], **both) == ["admitted", "duplicate"]


def test_bodies_tried_under_a_guessed_key_count_as_duplicates_do(
    make_event: Make, ask: Callable[..., list[str]], drain: Drain
) -> None:
    event, both = make_event(), {"limit": PLENTY, "refusals": refusals(3)}
    mine = apply_for(9, key="K" * 20, note="aa", address=HERE)
    ask(event, [mine], **both)
    tries = [apply_for(n, key=f"{n}".ljust(20, "L"), note="aa", address=THERE) for n in range(4)]
    assert ask(event, tries[:2], **both) == ["key_reused", "key_reused"]
    drain.run(event.pk)
    assert ask(event, tries[2:], **both) == ["key_reused", "refusals_limited"]
    # The ticket's holder gets it, also from there.
    assert ask(event, [msgspec.structs.replace(mine, address=THERE)], **both) == ["decided"]


def test_what_was_refused_to_an_address_is_forgotten_after_two_windows(
    make_event: Make, ask: Callable[..., list[str]], redis_client: redis.Redis
) -> None:
    event = make_event()
    ask(event, [apply_for(1, address=HERE), apply_for(1, address=HERE)], refusals=refusals(5))
    [name] = [name for name in event_keys(event.pk).refusals if redis_client.exists(name)]
    assert redis_client.hget(name, HERE) == b"1"
    assert 3600 < redis_client.ttl(name) <= 7200
    assert not redis_client.exists(*event_keys(event.pk).addresses)


@pytest.mark.django_db(transaction=True)
def test_too_many_refusals_are_429_with_a_limit_of_their_own(make_event: Make, servers: Services) -> None:
    event = make_event()

    async def scene(visitor: Visitor) -> None:
        assert (await visitor.register(event.pk, 1, idempotency_key="a"))[0] == 202
        for _ in range(2):
            assert (await visitor.register(event.pk, 1))[2]["code"] == "duplicate_registration"
        status, headers, body = await visitor.register(event.pk, 2)
        assert (status, body["code"], body["errors"]) == (429, "rate_limited", None)
        assert headers["ratelimit-policy"] == '"refusals";q=2;w=3600'
        assert headers["ratelimit"] == f'"refusals";r=0;t={headers["retry-after"]}'
        assert 1 <= int(headers["retry-after"]) <= 7200
        assert (await visitor.register(event.pk, 1, idempotency_key="a"))[0] == 202
        visitor.address = "192.0.2.2"
        assert (await visitor.register(event.pk, 2))[0] == 202

    visit(servers, scene, limit=PLENTY, refusals=refusals(2))


def test_the_limit_of_refusals_needs_no_limit_of_registrations(
    make_event: Make, ask: Callable[..., list[str]], redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(k, "ADDRESSES_MAX", 1)
    event, only = make_event(), {"refusals": refusals(1)}
    tries = [apply_for(1), *(apply_for(1, address=where) for where in (HERE, HERE, THERE, THERE))]
    # One address can be counted: the second is not, and so not limited.
    assert ask(event, tries, **only) == ["admitted", "duplicate", "refusals_limited", "duplicate", "duplicate"]
