"""The allocation against a naive allocator with a list of names: any history, in any split into batches."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct

from events.domain import allocation
from events.domain.allocation import Seats
from events.domain.commands import Cancellation, Closing, Request, Resize
from events.domain.states import HOLDING, Reason, Status
from tests.support.allocation import Books
from tests.support.allocation_histories import TYPES, cases, commands_of, grouped_cases, typed
from tests.support.naive_allocation import Naive


@given(grouped_cases, st.integers(1, 3))
def test_groups_and_ticket_types_are_decided_one_by_one_and_no_one_passes(case: dict, moves_at_once: int) -> None:
    books, naive = Books(typed(case["sizes"], case["ends_ms"])), Naive(case["sizes"], case["ends_ms"])
    with patch.object(allocation, "MOVES_AT_ONCE", moves_at_once):
        for batch in commands_of(case):
            waiting = batch
            for _ in range(100):
                waiting = waiting[books.batch(waiting).handled :]
                books.check()
            assert not waiting
            for command in batch:
                naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert books.email_keys() == {row["key"]: row["email"] for row in naive.rows}
    assert {key: (line.capacity, line.waitlist_capacity) for key, line in books.seats.types.items()} == naive.sizes


@given(grouped_cases)
def test_groups_of_an_event_without_types_are_decided_like_those_of_one_type(case: dict) -> None:
    size = case["sizes"][TYPES[0]]
    books, naive = Books(Seats(capacity=size[0], confirmed=0, waitlist_capacity=size[1])), Naive({0: size})
    for batch in commands_of(case):
        plain = [replace_struct(c, type_id=0) if isinstance(c, Request) else c for c in batch]
        plain = [c for c in plain if not isinstance(c, Resize)]
        books.batch(plain)
        books.check()
        for command in plain:
            naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert (books.seats.capacity, books.seats.waitlist_capacity) == naive.sizes[0]


@given(cases)
def test_any_split_into_batches_decides_like_one_batch(case: dict) -> None:
    times = {name: case[name] for name in ("ends_ms", "cancel_until_ms")}
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"], **times))
    naive = Naive({0: (case["capacity"], case["waitlist"])}, **times)
    for batch in commands_of(case):
        done = books.batch(batch)
        books.check()
        assert done.handled == len(batch)
        for command in batch:
            naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert books.email_keys() == {row["key"]: row["email"] for row in naive.rows}
    assert (books.seats.capacity, books.seats.waitlist_capacity) == naive.sizes[0]


@given(cases, st.integers(0, 5))
def test_a_cancelled_event_ends_every_registration(case: dict, at: int) -> None:
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"]))
    batches = commands_of(case)
    for batch in batches[:at]:
        books.batch(batch)
    before = dict(books.told())
    books.seats = replace(books.seats, cancelled=True)
    for batch in batches[at:]:
        books.batch(batch)
    books.batch([Closing("close" + "0" * 15, 999)])
    assert (books.seats.confirmed, books.seats.waitlisted) == (0, 0)
    for key, (status, reason) in books.told().items():
        if key not in before:
            assert (status, reason) == (Status.REJECTED, Reason.EVENT_CANCELLED)
        else:
            assert status not in HOLDING
            given_back = {c.key for batch in batches for c in batch if isinstance(c, Cancellation)}
            ended = (Status.CANCELLED, Reason.EVENT_CANCELLED)
            assert before[key][0] not in HOLDING or key in given_back or (status, reason) == ended


@given(cases)
def test_counts_are_those_of_the_history(case: dict) -> None:
    books = Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"]))
    for batch in commands_of(case):
        done = books.batch(batch)
        rejected = [outcome for outcome in done.changes if outcome.status is Status.REJECTED]
        for reason in Reason:
            assert done.rejected.get(reason, 0) == sum(outcome.reason is reason for outcome in rejected)
        assert done.cancelled == sum(o.status is Status.CANCELLED for o in done.changes)
        assert done.decided_requests == [c for c in batch if isinstance(c, Request)]
