"""The promises of the allocation one by one."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from events.domain import allocation
from events.domain.allocation import (
    MOVES_AT_ONCE,
    DecidedTicket,
    LedgerView,
    Seats,
    Sizing,
)
from events.domain.allocator import allocate
from events.domain.commands import Cancellation, Closing, Command, Resize, TypeTerms
from events.domain.seats import Counters
from events.domain.states import Reason, Status
from tests.support.allocation import Books, filled, key, request


def test_a_refused_duplicate_does_not_use_a_seat() -> None:
    books = Books(Seats(capacity=2, confirmed=0))
    books.batch([request(1, "a@example.com"), request(2, "a@example.com"), request(3, "b@example.com")])
    assert [status for status, _ in books.told().values()] == [Status.CONFIRMED, Status.REJECTED, Status.CONFIRMED]


def test_a_freed_seat_goes_to_the_first_on_the_waitlist_and_not_to_the_next_to_come() -> None:
    books = filled(capacity=1, waitlist=2, people=3)
    done = books.batch([Cancellation(key(1), 10), request(11, "late@example.com")])
    assert [(o.key, o.status) for o in done.changes] == [
        (key(1), Status.CANCELLED),
        (key(2), Status.CONFIRMED),
        (key(11), Status.WAITLISTED),
    ]


def test_a_guest_who_leaves_the_waitlist_is_passed_over() -> None:
    books = filled(capacity=1, waitlist=3, people=4)
    books.batch([Cancellation(key(2), 10), Cancellation(key(1), 11)])
    assert books.told()[key(3)] == (Status.CONFIRMED, None)
    assert books.told()[key(4)] == (Status.WAITLISTED, None)


def test_a_ticket_may_be_given_back_in_the_batch_that_decides_it_and_twice() -> None:
    books = Books(Seats(capacity=1, confirmed=0))
    again = request(4, "a@example.com")
    done = books.batch([request(1, "a@example.com"), Cancellation(key(1), 2), Cancellation(key(1), 3), again])
    assert [(o.key, o.status, o.revision) for o in done.changes] == [
        (key(1), Status.CONFIRMED, 1),
        (key(1), Status.CANCELLED, 2),
        (again.key, Status.CONFIRMED, 1),
    ]
    assert done.cancelled == 1


def test_a_ticket_comes_back_up_to_the_last_millisecond_before_the_time() -> None:
    books = filled(capacity=3, waitlist=0, people=3)
    books.seats = dataclasses.replace(books.seats, cancel_until_ms=100)
    late = Cancellation(key(2), 12, requested_ms=100)
    books.batch([Cancellation(key(1), 11, requested_ms=99), late, replace(late, key=key(3), exempt=True)])
    assert [books.told()[key(number)][0] for number in (1, 2, 3)] == [
        Status.CANCELLED,
        Status.CONFIRMED,
        Status.CANCELLED,
    ]


def test_sizes_below_what_is_given_out_are_refused_and_change_nothing() -> None:
    books = filled(capacity=3, waitlist=3, people=5)
    done = books.batch([Resize("a" * 20, 10, 2, None), Resize("b" * 20, 11, 3, 1), Resize("c" * 20, 12, 4, 1)])
    assert [verdict for _, verdict in done.resizes] == [
        Sizing.BELOW_CONFIRMED,
        Sizing.BELOW_WAITLISTED,
        Sizing.APPLIED,
    ]
    assert (done.seats.capacity, done.seats.confirmed, done.seats.waitlisted) == (4, 4, 1)


def test_seats_that_are_held_count_like_confirmed_ones_in_each_line() -> None:
    lines = {7: Counters(capacity=4, confirmed=1, held=2), 8: Counters(capacity=4, confirmed=0)}
    seats = Seats(capacity=8, confirmed=1, held=2, types=lines, used_types=frozenset({7}))

    def verdict(*capacities: int) -> Sizing:
        terms = tuple(TypeTerms(type_id, "Any", size) for type_id, size in zip((7, 8), capacities, strict=True))
        change = Resize("r" * 20, 1, None, None, 0, terms)
        return allocate(seats=seats, commands=[change], ledger=LedgerView(), now_ms=0).resizes[0][1]

    assert [verdict(3, 1), verdict(2, 9), verdict(3, 9)] == [Sizing.APPLIED, Sizing.BELOW_CONFIRMED, Sizing.APPLIED]


def test_a_change_that_moves_many_goes_on_in_the_next_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOVES_AT_ONCE == 1000
    monkeypatch.setattr(allocation, "MOVES_AT_ONCE", 3)
    books = filled(capacity=1, waitlist=10, people=9)
    grow, late = Resize("g" * 20, 20, 8, None), request(21, "late@example.com")
    handled, capacities = [], []
    waiting: list[Command] = [grow, late]
    while waiting:
        done = books.batch(waiting)
        books.check()
        handled.append(done.handled)
        capacities.append(done.seats.capacity)
        waiting = waiting[done.handled :]
    assert (handled, capacities) == ([0, 0, 2], [4, 7, 8])
    assert books.told()[key(9)] == books.told()[late.key] == (Status.WAITLISTED, None)


def test_a_cancellation_from_before_the_end_moves_the_waitlist_up_and_a_later_one_does_not() -> None:
    books = filled(capacity=2, waitlist=3, people=4)
    books.seats = dataclasses.replace(books.seats, ends_ms=100)
    done = books.batch(
        [Cancellation(key(1), 10, 99), Cancellation(key(2), 11, 100), Resize("r" * 20, 12, 9, None, 100)]
    )
    assert [(o.key, o.status) for o in done.changes] == [(key(1), Status.CANCELLED), (key(3), Status.CONFIRMED)]
    assert [verdict for _, verdict in done.resizes] == [Sizing.EVENT_OVER]
    assert (done.seats.capacity, done.seats.confirmed, done.seats.waitlisted) == (2, 2, 1)


def test_a_change_from_before_the_end_that_takes_several_transactions_is_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(allocation, "MOVES_AT_ONCE", 3)
    books = filled(capacity=1, waitlist=10, people=9)
    books.seats = dataclasses.replace(books.seats, ends_ms=50)
    grow = Resize("g" * 20, 20, 8, None, 49)
    assert [books.batch([grow]).handled for _ in range(3)] == [0, 0, 1]
    assert books.seats.confirmed == 8


def let_in(books: Books, number: int) -> None:
    """What the entrance writes between two batches."""
    held = books.tickets[key(number)]
    entered = replace(held.outcome, revision=held.outcome.revision + 1, checked_in_ms=5)
    books.tickets[key(number)] = DecidedTicket(held.email_key, entered)


def test_who_has_been_let_in_keeps_the_seat_until_the_event_itself_ends() -> None:
    books = filled(capacity=2, waitlist=1, people=3)
    let_in(books, 1)
    done = books.batch([Cancellation(key(1), 10), Cancellation(key(2), 11)])
    assert [(o.key, o.status) for o in done.changes] == [(key(2), Status.CANCELLED), (key(3), Status.CONFIRMED)]
    books.check()
    books.seats = dataclasses.replace(books.seats, cancelled=True)
    done = books.batch([Closing("c" * 20, 12)])
    ends = {o.key: (o.status, o.reason, o.checked_in_ms) for o in done.changes}
    assert ends[key(1)] == (Status.CANCELLED, Reason.EVENT_CANCELLED, 5)
    assert ends[key(3)] == (Status.CANCELLED, Reason.EVENT_CANCELLED, None)


def test_closing_takes_places_back_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "MOVES_AT_ONCE", 3)
    books = filled(capacity=4, waitlist=10, people=8)
    books.seats = Seats(capacity=4, confirmed=4, waitlist_capacity=10, waitlisted=4, cancelled=True)
    close = Closing("c" * 20, 9)
    assert [books.batch([close]).handled for _ in range(3)] == [0, 0, 1]
    assert {status for status, _ in books.told().values()} == {Status.CANCELLED}
    assert sum(outcome.outcome.revision for outcome in books.tickets.values()) == 16


def test_a_closing_of_an_event_that_is_not_cancelled_does_nothing() -> None:
    books = filled(capacity=4, waitlist=0, people=3)
    assert not books.batch([Closing("c" * 20, 9)]).changes


def test_a_guest_beyond_the_capacity_takes_no_seat_that_is_kept_for_a_group() -> None:
    books = Books(Seats(capacity=3, confirmed=0, waitlist_capacity=4))
    books.batch([request(1, "first", quantity=2), request(2, "second", quantity=3)])
    books.batch([replace(request(3, "third"), beyond_capacity=True)])
    books.check()
    assert [status for status, _ in books.told().values()] == ["confirmed", "waitlisted", "confirmed"]
    assert (books.seats.capacity, books.seats.free, books.seats.waitlisted) == (4, 1, 3)
