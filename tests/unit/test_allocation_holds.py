"""Held seats against a naive allocator: any history, in any split into batches."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from events.domain.holds import ConfirmedBy, HoldTerms
from events.domain.states import Status
from tests.support.allocation import Books
from tests.support.allocation_histories import commands_of, held_cases, typed
from tests.support.naive_allocation import Naive


@given(held_cases)
def test_held_seats_count_as_taken_until_they_are_confirmed_or_their_time_is_over(case: dict) -> None:
    terms = HoldTerms(case["lasts_ms"] / 1000, ConfirmedBy.HOLDER, case["applies_to"])
    naive = Naive(case["sizes"], case["ends_ms"], hold=terms)
    books = Books(replace(typed(case["sizes"], case["ends_ms"]), hold=terms))
    for batch in commands_of(case):
        # Decided right after the last of them was admitted.
        books.queue_ms = naive.queue_ms = max((c.requested_ms for c in batch), default=0)
        done = books.batch(batch)
        books.check()
        assert done.expired == sum(o.status is Status.EXPIRED for o in done.changes)
        for command in batch:
            naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert books.email_keys() == {row["key"]: row["email"] for row in naive.rows}
    until = {row["key"]: row["until"] for row in naive.rows if "until" in row}
    holds = {key: held.outcome.hold for key, held in books.tickets.items()}
    assert {key: hold.expires_ms for key, hold in holds.items() if hold} == until
