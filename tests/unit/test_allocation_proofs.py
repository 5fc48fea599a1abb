"""Registrations whose address is to be proved, against a naive allocator and the stand-alone verifier."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace as replace_struct

from events.domain import allocation
from events.domain.allocation import Seats
from events.domain.commands import Cancellation, Command, Confirmation, Correction, Expiry
from events.domain.holds import AppliesTo, ConfirmedBy, HoldTerms
from events.domain.states import Status
from tests.support.allocation import Books, digest_of, key, request
from tests.support.allocation_histories import commands_of, proved_cases, typed
from tests.support.decision_log import LoggedBooks
from tests.support.naive_allocation import Naive
from verify.omnify_verify import CONFIRMATION, PROMOTION, REGISTRATION, Broken

HELD, CONFIRMED, WAITLISTED, EXPIRED = Status.HELD, Status.CONFIRMED, Status.WAITLISTED, Status.EXPIRED
PAID = HoldTerms(600, ConfirmedBy.ORGANIZER, AppliesTo.ALL)
OFFER = HoldTerms(600, ConfirmedBy.HOLDER, AppliesTo.ALL)


def terms(case: dict[str, Any], second: Any) -> tuple[HoldTerms | None, Any]:
    """The times of a case are as many times `second`."""
    hold = HoldTerms(case["lasts_ms"] * second, *case["hold"]) if case["hold"] else None
    return hold, case["proof_ms"] * second


@given(proved_cases)
def test_what_is_unproved_is_held_until_the_proof_of_its_address_or_the_end_of_its_time(case: dict) -> None:
    hold, seconds = terms(case, 0.001)
    naive = Naive(case["sizes"], case["ends_ms"], hold=hold, proof_seconds=seconds)
    books = Books(replace(typed(case["sizes"], case["ends_ms"]), hold=hold, proof_seconds=seconds))
    for batch in commands_of(case):
        # Decided right after the last of them was admitted.
        books.queue_ms = naive.queue_ms = max((c.requested_ms for c in batch), default=0)
        done = books.batch(batch)
        books.check()
        assert done.expired == sum(o.status is EXPIRED for o in done.changes)
        for command in batch:
            naive.do(command)
    assert books.told() == {row["key"]: (row["status"], row["reason"]) for row in naive.rows}
    assert books.email_keys() == {row["key"]: row["email"] for row in naive.rows}
    until = {row["key"]: row["until"] for row in naive.rows if "until" in row}
    holds = {name: held.outcome.hold for name, held in books.tickets.items()}
    assert {name: hold.expires_ms for name, hold in holds.items() if hold} == until
    unproved = {row["key"] for row in naive.rows if row.get("unproved") and row["status"] in (HELD, WAITLISTED)}
    assert {name for name, held in books.tickets.items() if held.outcome.is_unproved} == unproved


@given(proved_cases)
def test_the_log_of_proofs_follows_the_published_rules(case: dict) -> None:
    hold, seconds = terms(case, 1)
    ends_ms = min(case["ends_ms"], allocation.NEVER // 1000) * 1000
    logged = LoggedBooks(Books(replace(typed(case["sizes"], ends_ms), hold=hold, proof_seconds=seconds)))
    for batch in commands_of(case):
        commands = [replace_struct(c, requested_ms=c.requested_ms * 1000) for c in batch]
        logged.books.queue_ms = max((c.requested_ms for c in commands), default=0)
        logged.batch(commands)
    replay = logged.replay()
    lines = {number: (line.capacity, line.taken, line.waiting) for number, line in replay.lines.items()}
    if replay.tickets:
        assert lines == {
            type_id % 1000: (line.capacity, line.confirmed + line.held, line.waitlisted)
            for type_id, line in logged.books.lines().items()
        }


def opened(*commands: Command, capacity: int = 1, hold: HoldTerms | None = None) -> LoggedBooks:
    """An event with two positions on its waitlist whose addresses have 60 seconds to be proved."""
    seats = Seats(capacity=capacity, confirmed=0, waitlist_capacity=2, ends_ms=10**7, hold=hold, proof_seconds=60)
    logged = LoggedBooks(Books(seats, now_ms=100))
    done(logged, *commands)
    return logged


def done(logged: LoggedBooks, *commands: Command) -> LoggedBooks:
    for command in commands:
        logged.books.queue_ms = command.requested_ms
        logged.batch([command])
    return logged


def guest(number: int) -> str:
    return f"guest{number}@example.com"


def proof(number: int, at_ms: int, address: str = "") -> Confirmation:
    return Confirmation(key(number), 1, at_ms, address=digest_of(address or guest(number)))


def told(logged: LoggedBooks, number: int) -> tuple[Status, int | None]:
    outcome = logged.books.tickets[key(number)].outcome
    return outcome.status, outcome.expires_ms


def test_a_seat_is_confirmed_by_the_proof_of_its_address() -> None:
    logged = opened(request(1, guest(1)))
    assert told(logged, 1) == (HELD, 60_001)
    assert told(done(logged, proof(1, 60_000)), 1) == (CONFIRMED, None)
    logged.replay()


def test_a_paid_hold_begins_when_the_address_is_proved() -> None:
    logged = opened(request(1, guest(1)), proof(1, 5000), hold=PAID)
    assert told(logged, 1) == (HELD, 605_000)
    assert told(done(logged, Confirmation(key(1), 9999, 6000, "pi_1")), 1) == (CONFIRMED, None)
    logged.replay()


def test_a_payment_does_not_take_the_place_of_the_proof() -> None:
    logged = opened(request(1, guest(1)), Confirmation(key(1), 9, 9, "pi_1"), hold=PAID)
    assert told(logged, 1) == (HELD, 60_001)


def test_the_proof_of_an_address_accepts_an_offer() -> None:
    assert told(opened(request(1, guest(1)), proof(1, 5000), hold=OFFER), 1) == (CONFIRMED, None)


def test_the_proof_of_a_corrected_address_is_that_of_the_new_one() -> None:
    logged = opened(request(1, guest(1)))
    done(logged, Correction("C" * 20, 9, key(1), None, guest(9), guest(9), digest_of(guest(9)), 9), proof(1, 10))
    assert told(logged, 1) == (HELD, 60_001)
    assert told(done(logged, proof(1, 11, guest(9))), 1) == (CONFIRMED, None)


def test_a_position_on_the_waitlist_is_kept_only_with_a_proof() -> None:
    logged = opened(request(1, guest(1)), proof(1, 2), request(3, guest(3)), request(4, guest(4)), proof(4, 5))
    assert [told(logged, 3), told(logged, 4)] == [(WAITLISTED, 60_003), (WAITLISTED, None)]
    done(logged, *(Expiry(key(number), 9, 60_004) for number in (3, 4)))
    assert [told(logged, 3), told(logged, 4)] == [(EXPIRED, 60_003), (WAITLISTED, None)]
    assert logged.books.seats.waitlisted == 1
    logged.replay()


def test_who_moves_up_unproved_has_what_is_left_of_the_time() -> None:
    logged = opened(request(1, guest(1)), proof(1, 2), request(3, guest(3)), Cancellation(key(1), 3, 4))
    assert told(logged, 3) == (HELD, 60_003)
    assert told(done(logged, proof(3, 60_002)), 3) == (CONFIRMED, None)
    logged.replay()


def test_an_expired_address_can_register_again() -> None:
    logged = opened(request(1, guest(1)), Expiry(key(1), 2, 60_001), request(3, guest(1)))
    assert told(logged, 1)[0] is EXPIRED
    assert told(logged, 3)[0] is HELD
    logged.replay()


def test_a_guest_whom_the_organizer_adds_proves_nothing() -> None:
    added = replace_struct(request(1, guest(1)), added=True)
    assert told(opened(added), 1) == (CONFIRMED, None)


def test_a_confirmation_that_a_failover_lost_needs_no_second_proof() -> None:
    again = Confirmation(key(1), 9, 99_999, in_time=True)
    logged = opened(request(1, guest(1)), again, hold=PAID)
    assert told(logged, 1) == (CONFIRMED, None)
    logged.replay()


def broken(logged: LoggedBooks) -> str:
    with pytest.raises(Broken) as found:
        logged.replay()
    return str(found.value)


def changed(logged: LoggedBooks, kind: int, at: int, value: int) -> LoggedBooks:
    """The last entry of a kind, with another byte."""
    place = max(n for n, entry in enumerate(logged.written) if entry[0] == kind)
    entry = logged.written[place]
    logged.written[place] = entry[:at] + bytes([value]) + entry[at + 1 :]
    return logged


def test_a_seat_without_a_proof_is_found() -> None:
    logged = changed(opened(request(1, guest(1))), REGISTRATION, 1, 1)
    assert "2 is the only one allowed" in broken(logged)


def test_a_friend_who_is_spared_the_proof_is_found() -> None:
    assert "rule 19" in broken(changed(opened(request(1, guest(1))), REGISTRATION, 2, 0))


def test_a_confirmation_without_a_proof_is_found() -> None:
    logged = opened(request(1, guest(1)), proof(1, 5000))
    assert "rule 9" in broken(changed(logged, CONFIRMATION, 2, 0))


def test_a_proof_after_the_time_is_found() -> None:
    logged = opened(request(1, guest(1)), proof(1, 5000))
    assert "rule 9" in broken(changed(logged, CONFIRMATION, 14, 1))


def test_a_proof_that_spares_the_payment_is_found() -> None:
    logged = opened(request(1, guest(1)), proof(1, 5000), hold=PAID)
    assert "rule 20" in broken(changed(logged, CONFIRMATION, 1, 1))


def test_a_proof_of_what_was_proved_is_found() -> None:
    logged = opened(request(1, guest(1)), proof(1, 5000), request(3, guest(3)), proof(3, 6000), hold=PAID)
    logged.written.append(logged.written[-1])
    assert "rule 20" in broken(logged)


def test_a_longer_time_for_a_friend_who_moves_up_is_found() -> None:
    logged = opened(request(1, guest(1)), proof(1, 2), request(3, guest(3)), Cancellation(key(1), 3, 4))
    assert "rule 21" in broken(changed(logged, PROMOTION, 64, 1))


def test_a_longer_time_for_a_friend_who_registers_is_found() -> None:
    logged = opened(request(1, guest(1)), request(2, guest(2)), capacity=2)
    assert "rule 6" in broken(changed(logged, REGISTRATION, 79, 255))
