"""Draws against a naive one, and the stand-alone verifier against their logs: any history, and every way to cheat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain import allocation
from events.domain.allocation import Seats
from events.domain.beacon import QUICKNET, SEAL_SECONDS
from events.domain.commands import Cancellation
from events.domain.draw import commitment_to, rank_of, seed_of
from events.domain.holds import AppliesTo, ConfirmedBy, HoldTerms
from events.domain.states import HOLDING, Status
from tests.support.allocation import Books, key, request
from tests.support.allocation_histories import commands_of, grouped_cases, held_cases, typed
from tests.support.drand_rounds import ROUNDS
from tests.support.drawn_books import SECRET, DrawnBooks, commitment_of
from tests.support.naive_allocation import Naive
from verify.omnify_verify import CONFIRMED, DRAWN, REVEAL, SEAL, WAITLISTED, Broken

FAR = 1_000_000


def run(case: dict, at: int, at_once: int, *, draw_ms: int, hold: HoldTerms | None = None) -> tuple[DrawnBooks, Naive]:
    """Some batches, the draw, and the other batches."""
    seats = replace(typed(case["sizes"], case["ends_ms"]), draw_ms=draw_ms, hold=hold)
    drawn, naive = DrawnBooks(Books(seats)), Naive(case["sizes"], case["ends_ms"], hold=hold, draw_ms=draw_ms)
    drawn.announce(draw_ms)
    batches = commands_of(case)
    before, behind = batches[:at], batches[at:]
    last = max((command.sequence for batch in before for command in batch), default=0)
    for batch in before:
        decide(drawn, naive, batch)
    requested_ms = max(draw_ms, last)
    drawn.books.queue_ms = naive.queue_ms = requested_ms
    naive.draw(drawn.draw(sequence=last, requested_ms=requested_ms, at_once=at_once), requested_ms)
    drawn.books.check()
    for batch in behind:
        decide(drawn, naive, batch)
    return drawn, naive


def decide(drawn: DrawnBooks, naive: Naive, batch: list) -> None:
    drawn.books.queue_ms = naive.queue_ms = max(drawn.books.queue_ms, *(c.requested_ms for c in batch), 0)
    waiting = batch
    while waiting:
        waiting = waiting[drawn.batch(waiting).handled :]
    drawn.books.check()
    for command in batch:
        naive.do(command)


@given(grouped_cases, st.integers(0, 6), st.integers(1, 4), st.integers(5, 60))
def test_each_has_a_turn_in_the_order_drawn_and_the_rest_is_first_come(
    case: dict, at: int, at_once: int, draw_ms: int
) -> None:
    drawn, naive = run(case, at, at_once, draw_ms=draw_ms)
    assert drawn.books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    drawn.replay()


@given(held_cases, st.integers(0, 8), st.integers(1, 4))
def test_who_is_drawn_holds_a_seat_first_where_the_event_says_so(case: dict, at: int, at_once: int) -> None:
    hold = HoldTerms(case["lasts_ms"], ConfirmedBy.HOLDER, case["applies_to"])
    drawn, naive = run({**case, "ends_ms": allocation.NEVER}, at, at_once, draw_ms=60, hold=hold)
    assert {k: s for k, (s, _) in drawn.books.told().items()} == {row["key"]: row["status"] for row in naive.rows}


def full(**more: object) -> DrawnBooks:
    """Two seats and three positions for eight entries."""
    seats = Seats(capacity=2, confirmed=0, waitlist_capacity=3, ends_ms=FAR, draw_ms=50, **more)
    drawn = DrawnBooks(Books(seats, now_ms=100))
    drawn.announce(50)
    drawn.batch([request(n, f"guest{n}@example.com") for n in range(1, 9)])
    return drawn


def held(**more: object) -> DrawnBooks:
    drawn = full(**more)
    drawn.draw(sequence=9, requested_ms=50, at_once=3)
    return drawn


def place(drawn: DrawnBooks, kind: int) -> int:
    return next(at for at, entry in enumerate(drawn.written) if entry[0] == kind)


def broken(drawn: DrawnBooks) -> str:
    with pytest.raises(Broken) as found:
        drawn.replay()
    return str(found.value)


def test_the_example_is_as_it_must_be() -> None:
    drawn = held()
    statuses = [status for status, _ in drawn.books.told().values()]
    assert (statuses.count(Status.CONFIRMED), statuses.count(Status.WAITLISTED)) == (2, 3)
    replay = drawn.replay()
    assert replay.draw is not None
    assert replay.draw.is_over
    drawn.batch([Cancellation(key(n), 20 + n, 60) for n in range(1, 9)])
    assert all(status not in HOLDING for status, _ in drawn.books.told().values())
    drawn.replay()


def test_the_order_is_that_of_the_hashes_of_seed_and_ticket() -> None:
    drawn = full()
    seed = seed_of(SECRET, drawn.log.tree.root)
    order = drawn.draw(sequence=9, requested_ms=50, at_once=3)
    assert order == sorted(order, key=lambda one: rank_of(seed, commitment_of(one)))
    waiting = [ticket.outcome.key for ticket in drawn.books.waiting(0)]
    assert waiting == [one for one in order if one in waiting]


def test_a_group_that_leaves_as_others_enter_is_counted_as_a_group() -> None:
    drawn = DrawnBooks(Books(Seats(capacity=2, confirmed=0, waitlist_capacity=3, ends_ms=FAR, draw_ms=50)))
    drawn.batch([request(1, "pair@example.com", quantity=2)])
    drawn.batch([Cancellation(key(1), 4, 4), *(request(n, f"guest{n}@example.com") for n in (2, 3))])
    drawn.books.check()


def test_a_draw_after_the_events_end_gives_nothing() -> None:
    drawn = full()
    drawn.draw(sequence=9, requested_ms=FAR, at_once=3)
    assert {status for status, _ in drawn.books.told().values()} == {Status.REJECTED}
    drawn.replay()


def an_entry_is_left_out(drawn: DrawnBooks) -> None:
    del drawn.written[place(drawn, SEAL) - 1]


def an_entry_is_invented(drawn: DrawnBooks) -> None:
    at = place(drawn, SEAL)
    last = drawn.written[at - 1]
    sequence = (9).to_bytes(8)
    drawn.written.insert(at, last[:6] + sequence + last[14:-48] + bytes(32) + bytes(16))


def an_entry_comes_after_the_seal(drawn: DrawnBooks) -> None:
    at = place(drawn, SEAL)
    drawn.written[at - 1 : at + 1] = reversed(drawn.written[at - 1 : at + 1])


def another_secret_is_revealed(drawn: DrawnBooks) -> None:
    at = place(drawn, REVEAL)
    entry = drawn.written[at]
    drawn.written[at] = entry[:25] + bytes(32) + entry[57:]


def two_change_their_turns(drawn: DrawnBooks) -> None:
    at = place(drawn, DRAWN)
    drawn.written[at : at + 2] = reversed(drawn.written[at : at + 2])


def one_is_passed_over(drawn: DrawnBooks) -> None:
    del drawn.written[place(drawn, DRAWN)]


def one_gets_a_seat_from_the_waitlist(drawn: DrawnBooks) -> None:
    at = next(n for n, entry in enumerate(drawn.written) if entry[:2] == bytes([DRAWN, WAITLISTED]))
    drawn.written[at] = bytes([DRAWN, CONFIRMED]) + drawn.written[at][2:]


def the_draw_is_held_again(drawn: DrawnBooks) -> None:
    drawn.written += drawn.written[place(drawn, SEAL) :]


def it_is_announced_after_the_first_entry(drawn: DrawnBooks) -> None:
    drawn.written.insert(4, drawn.written.pop(2))


def it_is_sealed_too_early(drawn: DrawnBooks) -> None:
    at = place(drawn, SEAL)
    entry = drawn.written[at]
    drawn.written[at] = entry[:9] + (49).to_bytes(8) + entry[17:]


@pytest.mark.parametrize(
    ("cheat", "rule"),
    [
        (an_entry_is_left_out, "rule 16"),
        (an_entry_is_invented, "rule 16"),
        (an_entry_comes_after_the_seal, "rule"),
        (another_secret_is_revealed, "rule 17"),
        (two_change_their_turns, "rule 18"),
        (one_is_passed_over, "rule 18"),
        (one_gets_a_seat_from_the_waitlist, "rule 18"),
        (the_draw_is_held_again, "decided before"),
        (it_is_announced_after_the_first_entry, "rule"),
        (it_is_sealed_too_early, "rule 16"),
    ],
)
def test_every_way_to_cheat_is_found(cheat: Callable[[DrawnBooks], None], rule: str) -> None:
    drawn = held()
    cheat(drawn)
    assert rule in broken(drawn)


def test_a_draw_with_another_secret_is_found_whatever_it_gives() -> None:
    """It was repeated until it pleased, and its whole log written anew."""
    drawn = full()
    drawn.secret = bytes(32)
    drawn.draw(sequence=9, requested_ms=50, at_once=8)
    assert "not committed to" in broken(drawn)
    assert commitment_to(bytes(32)) != commitment_to(SECRET)


def test_holds_of_the_draw_end_as_others_do() -> None:
    drawn = held(hold=HoldTerms(60, ConfirmedBy.ORGANIZER, AppliesTo.ALL))
    statuses = [status for status, _ in drawn.books.told().values()]
    assert statuses.count(Status.HELD) == 2
    drawn.replay()


def with_round(signature: bytes) -> DrawnBooks:
    """A draw that waits for round 1000."""
    draw_ms = QUICKNET.time_of(1000) - SEAL_SECONDS * 1000
    seats = Seats(capacity=2, confirmed=0, draw_ms=draw_ms, ends_ms=2 * draw_ms)
    drawn = DrawnBooks(Books(seats, now_ms=100), signature=signature)
    drawn.announce(draw_ms, number=1000)
    drawn.batch([request(n, f"guest{n}@example.com") for n in range(1, 6)])
    drawn.draw(sequence=9, requested_ms=draw_ms, at_once=3)
    return drawn


def test_a_draw_by_the_round_that_was_named_is_as_it_must_be() -> None:
    drawn = with_round(ROUNDS[1000])
    replay = drawn.replay()
    assert replay.draw is not None
    assert (replay.draw.is_over, replay.draw.signed) == (True, True)


@pytest.mark.parametrize("signature", [ROUNDS[123], b""])
def test_a_draw_by_another_round_or_by_none_is_found(signature: bytes) -> None:
    assert "rule 17" in broken(with_round(signature))


def test_a_round_that_is_not_that_of_its_time_is_found() -> None:
    drawn = DrawnBooks(Books(Seats(capacity=2, confirmed=0, draw_ms=50)))
    drawn.announce(50, number=1000)
    assert "rule 15" in broken(drawn)
