"""The stand-alone verifier against the allocation: any history follows the published rules, and no changed one does."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct

from events.domain import allocation
from events.domain.allocation import Seats
from events.domain.commands import Cancellation, Closing, Command, Confirmation, Expiry, Request, Resize
from events.domain.decision_log.entries import commitment
from events.domain.holds import AppliesTo, ConfirmedBy, HoldTerms
from events.secrets import tickets
from tests.support.allocation import Books, key, request
from tests.support.allocation_histories import TYPES, cases, commands_of, grouped_cases, held_cases, typed
from tests.support.decision_log import EVENT, LoggedBooks
from verify.omnify_verify import CONFIRMED, HELD, PROMOTION, REGISTRATION, RESIZE, WAITLISTED, Broken, Replay

STATUSES = {CONFIRMED: "confirmed", HELD: "held", WAITLISTED: "waitlisted"}


def check(logged: LoggedBooks) -> None:
    """The log follows the rules, and says of each ticket and line what the ledger has."""
    replay, books = logged.replay(), logged.books
    known = {
        commitment(tickets().ticket_id(event_id=EVENT, key=name, mark="").encode()): name for name in books.tickets
    }
    assert {known[one] for one in replay.tickets} == set(known.values())
    for one, ticket in replay.tickets.items():
        outcome = books.tickets[known[one]].outcome
        assert STATUSES.get(ticket.status, outcome.status) == outcome.status
        assert (ticket.status in STATUSES) == outcome.holds_email
    if replay.tickets:
        lines = {number: (line.capacity, line.taken, line.waiting) for number, line in replay.lines.items()}
        assert lines == {
            type_id % 1000: (line.capacity, line.confirmed + line.held, line.waitlisted)
            for type_id, line in books.lines().items()
        }


def run(logged: LoggedBooks, batches: list[list[Command]]) -> None:
    for batch in batches:
        waiting = batch
        logged.books.queue_ms = max((c.requested_ms for c in batch), default=0)
        while waiting:
            waiting = waiting[logged.batch(waiting).handled :]


@given(cases)
def test_the_log_of_any_history_follows_the_published_rules(case: dict) -> None:
    times = {name: case[name] for name in ("ends_ms", "cancel_until_ms")}
    logged = LoggedBooks(
        Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"], **times))
    )
    run(logged, commands_of(case))
    check(logged)


@given(grouped_cases, st.integers(1, 3))
def test_the_log_of_groups_and_ticket_types_and_of_changes_in_steps_follows_them_too(case: dict, steps: int) -> None:
    logged = LoggedBooks(Books(typed(case["sizes"], case["ends_ms"])))
    with patch.object(allocation, "MOVES_AT_ONCE", steps):
        run(logged, commands_of(case))
    check(logged)


@given(grouped_cases)
def test_the_log_of_groups_in_one_line_follows_them_too(case: dict) -> None:
    """In one line more groups move up than in three."""
    capacity, waitlist = case["sizes"][TYPES[0]]
    logged = LoggedBooks(Books(Seats(capacity=capacity, confirmed=0, waitlist_capacity=waitlist)))
    for batch in commands_of(case):
        plain = [replace_struct(c, type_id=0) if isinstance(c, Request) else c for c in batch]
        run(logged, [[c for c in plain if not isinstance(c, Resize)]])
    check(logged)


@given(held_cases)
def test_the_log_of_holds_follows_them_too(case: dict) -> None:
    hold = HoldTerms(case["lasts_ms"], ConfirmedBy.HOLDER, case["applies_to"])
    ends_ms = min(case["ends_ms"], allocation.NEVER // 1000) * 1000
    logged = LoggedBooks(Books(replace(typed(case["sizes"], ends_ms), hold=hold)))
    batches = commands_of(case)
    run(logged, [[replace_struct(c, requested_ms=c.requested_ms * 1000) for c in batch] for batch in batches])
    check(logged)


@given(cases, st.integers(0, 5))
def test_the_log_of_a_cancelled_event_follows_them_too(case: dict, at: int) -> None:
    logged = LoggedBooks(Books(Seats(capacity=case["capacity"], confirmed=0, waitlist_capacity=case["waitlist"])))
    batches = commands_of(case)
    run(logged, batches[:at])
    logged.books.seats = replace(logged.books.seats, cancelled=True)
    run(logged, batches[at:])
    with patch.object(allocation, "MOVES_AT_ONCE", 2):
        while logged.batch([Closing("close" + "0" * 15, 999)]).handled == 0:
            pass
    check(logged)


def full(**more: object) -> LoggedBooks:
    """Two seats, three guests who wait, and a place that has come free and was given to the first of them."""
    seats = Seats(capacity=2, confirmed=0, waitlist_capacity=3, ends_ms=1_000_000, **more)
    logged = LoggedBooks(Books(seats, now_ms=100))
    run(logged, [[request(n, f"guest{n}@example.com") for n in range(1, 6)], [Cancellation(key(1), 10, 10)]])
    return logged


def broken(logged: LoggedBooks) -> str:
    with pytest.raises(Broken) as found:
        logged.replay()
    return str(found.value)


def with_byte(entry: bytes, at: int, value: int) -> bytes:
    return entry[:at] + bytes([value]) + entry[at + 1 :]


def test_the_example_is_as_it_must_be() -> None:
    logged = full()
    assert [entry[0] for entry in logged.written] == [0, 1, *[REGISTRATION] * 5, 3, PROMOTION]
    check(logged)


@pytest.mark.parametrize(("at", "rule"), [(0, "rule 1"), (1, "rule 1"), (2, "rule 5"), (4, "rule 4"), (7, "rule 4")])
def test_an_entry_that_is_left_out_is_found(at: int, rule: str) -> None:
    logged = full()
    del logged.written[at]
    assert rule in broken(logged)


def test_a_promotion_that_is_left_out_is_found() -> None:
    logged = full()
    del logged.written[-1]
    assert "passed over" in broken(logged)


@pytest.mark.parametrize("first", [2, 4])
def test_two_entries_that_changed_places_are_found(first: int) -> None:
    logged = full()
    logged.written[first : first + 2] = reversed(logged.written[first : first + 2])
    assert "rule 3" in broken(logged)


def test_a_friend_who_is_promoted_before_the_head_is_found() -> None:
    logged, others = full(), full()
    friend = others.written[5][-48:-16]
    logged.written[8] = logged.written[8][:-32] + friend
    assert "rule 4" in broken(logged)


def test_a_friend_who_is_slipped_in_is_found() -> None:
    logged = full()
    slipped = full().written[2]
    logged.written.insert(2, with_byte(slipped, -20, slipped[-20] ^ 1))
    assert "rule 3" in broken(logged)


def test_a_seat_beside_the_waitlist_is_found() -> None:
    logged = full()
    logged.written[4] = with_byte(logged.written[4], 1, CONFIRMED)
    assert "3 is the only one allowed" in broken(logged)


def test_a_second_seat_under_one_mailbox_is_found() -> None:
    logged = full()
    logged.written[3] = logged.written[3][:-16] + logged.written[2][-16:]
    assert "5 is the only one allowed" in broken(logged)


def test_sizes_that_no_command_has_set_are_found() -> None:
    logged = full()
    logged.books.seats = replace(logged.books.seats, capacity=3)
    run(logged, [[request(20, "late@example.com")]])
    assert "rule 2" in broken(logged)


def test_a_hold_that_is_confirmed_after_its_end_is_found() -> None:
    hold = HoldTerms(60, ConfirmedBy.ORGANIZER, AppliesTo.ALL)
    logged = LoggedBooks(Books(Seats(capacity=1, confirmed=0, hold=hold, ends_ms=1_000_000)))
    run(logged, [[request(1, "a@example.com")], [Confirmation(key(1), 2, 59_000)]])
    check(logged)
    late = (60_001).to_bytes(8)
    logged.written[-1] = logged.written[-1][:11] + late + logged.written[-1][19:]
    assert "rule 9" in broken(logged)


def test_a_hold_that_ends_too_early_is_found() -> None:
    hold = HoldTerms(60, ConfirmedBy.ORGANIZER, AppliesTo.ALL)
    logged = LoggedBooks(Books(Seats(capacity=1, confirmed=0, hold=hold, ends_ms=1_000_000)))
    run(logged, [[request(1, "a@example.com")], [Expiry(key(1), 2, 60_001)]])
    check(logged)
    logged.written[-1] = logged.written[-1][:11] + (59_999).to_bytes(8) + logged.written[-1][19:]
    assert "rule 8" in broken(logged)


def test_a_shrink_below_what_is_given_out_is_found() -> None:
    logged = full()
    run(logged, [[Resize("R" * 20, 20, 5, None, 20)]])
    check(logged)
    at = next(number for number, entry in enumerate(logged.written) if entry[0] == RESIZE)
    logged.written[at:] = [with_byte(logged.written[at], 32, 1)]
    assert "rule 12" in broken(logged)


def test_bytes_that_are_no_entry_are_found() -> None:
    for entry in (b"", b"\xff", full().written[0][:-1], full().written[0] + b"\0"):
        with pytest.raises(Broken):
            Replay(EVENT).apply(entry)
