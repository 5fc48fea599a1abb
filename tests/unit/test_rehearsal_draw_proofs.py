"""The proofs of rehearsed draws: honest ones pass, and each fault is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from events.domain.allocation import Seats
from events.domain.decision_log.entries import Kind
from events.domain.states import Status
from events.secrets import tickets
from rehearsal.draw_proofs import DRAW_PROOFS, DrawSeen, each_guest_has_the_same_chance, most_by_chance
from rehearsal.draws import prove_draws
from tests.support.allocation import Books, key, request
from tests.support.decision_log import EVENT
from tests.support.drawn_books import DrawnBooks
from tests.support.forged_draw import another_secret, late_entry, swapped_turns, uncommitted_seed

SEATS, GUESTS = 3, 8


def honest() -> DrawSeen:
    drawn = DrawnBooks(Books(Seats(capacity=SEATS, confirmed=0, draw_ms=50), now_ms=100))
    drawn.announce(50)
    drawn.batch([request(n, f"guest{n}@example.com") for n in range(1, GUESTS + 1)])
    drawn.draw(sequence=GUESTS + 1, requested_ms=50, at_once=3)
    named = {
        tickets().ticket_id(event_id=EVENT, key=key(n), mark=""): drawn.books.tickets[key(n)].outcome.status
        for n in range(1, GUESTS + 1)
    }
    return DrawSeen(SEATS, drawn.written, list(named), named)


def failed(seen: DrawSeen) -> set[str]:
    return {proof.name for proof in prove_draws([seen]) if not proof.ok}


def test_an_honest_draw_passes_and_every_proof_says_what_it_proves() -> None:
    proofs = prove_draws([honest()])
    assert [proof.ok for proof in proofs] == [True] * len(DRAW_PROOFS)
    assert all(proof.detail.endswith("1 draws.") for proof in proofs)


@pytest.mark.parametrize("cheat", [another_secret, uncommitted_seed, swapped_turns])
def test_a_draw_that_was_turned_is_told(cheat: Callable[..., list[bytes]]) -> None:
    seen = honest()
    assert "Each draw is what its log demands" in failed(replace(seen, entries=cheat(list(seen.entries), SEATS, 0)))


def test_a_late_guest_in_the_draw_is_told() -> None:
    seen = honest()
    late = replace(seen, entries=late_entry(list(seen.entries), SEATS, 0))
    assert "No one is drawn who came late" in failed(late)


def test_a_guest_who_was_told_something_else_is_told() -> None:
    seen = honest()
    loser = next(one for one in seen.tickets if seen.statuses[one] is Status.REJECTED)
    lied = replace(seen, statuses={**seen.statuses, loser: Status.CONFIRMED})
    assert failed(lied) == {"Each guest got what the log says"}


def test_a_log_without_a_draw_is_told() -> None:
    seen = honest()
    kept = [entry for entry in seen.entries if entry[0] not in (Kind.SEAL, Kind.REVEAL)]
    assert "Each draw is what its log demands" in failed(replace(seen, entries=kept))


def many(winners: Callable[[Random], set[int]]) -> list[DrawSeen]:
    random = Random(7)  # noqa: S311 - no secret
    names = [str(place) for place in range(20)]

    def one() -> DrawSeen:
        won = winners(random)
        told = {name: Status.CONFIRMED if place in won else Status.REJECTED for place, name in enumerate(names)}
        return DrawSeen(8, [], names, told)

    return [one() for _ in range(100)]


def test_chance_explains_what_chance_has_done_and_not_a_line() -> None:
    assert not list(each_guest_has_the_same_chance(many(lambda random: set(random.sample(range(20), 8)))))
    assert list(each_guest_has_the_same_chance(many(lambda random: set(range(8)))))
    # The first has two chances.
    assert list(each_guest_has_the_same_chance(many(lambda random: {0, *random.sample(range(20), 7)})))


def test_the_limit_is_that_of_the_tables() -> None:
    """Once in a million a chi-square variable of 10 degrees exceeds 46.86, and one of 19 degrees 63.68."""
    for degrees, exact in ((10, 46.86), (19, 63.68)):
        assert exact < most_by_chance(degrees) < exact * 1.03
