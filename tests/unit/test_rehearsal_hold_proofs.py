"""An event whose seats are set aside first: each promise broken once, and caught by its proof."""

from __future__ import annotations

import msgspec
import pytest

from rehearsal.crowd import registrations
from rehearsal.evidence import short
from rehearsal.records import (
    Attendee,
    CancellationResult,
    ConfirmationResult,
    EventCounts,
    Observation,
    RegistrationResult,
    Sizes,
    Stats,
    Ticket,
)
from rehearsal.replay import Asked, replay
from tests.support.rehearsal.simulation import change_ticket, failed

replace = msgspec.structs.replace

SEATS, WAITLIST, HOLD = 10, 6, 60
ENDED = "Every hold ended once"
PASSED = "No one passed within a type"
ORDER = "Every decision follows the order of admission"
KEPT = "Every 202 was kept"
OVERSOLD = "Never oversold while we looked"


def held_until(sequence: int, *, moved_up: bool) -> float:
    """Guests register a second after each other; who moves up does so when the first holds run out."""
    return 1000.0 * (sequence + HOLD) + (1000.0 * (HOLD + 30) if moved_up else 0)


@pytest.fixture
def honest() -> Observation:
    """20 guests for 10 seats: two of those do not pay, and the first two of six who wait get their seats and pay."""
    asked = [
        Asked(one.number + 1, f"1-{one.number:08}{'x' * 20}", one.email)
        for one in registrations(people=20, duplicates=0)
    ]
    unpaid = [one.ticket for one in asked[:SEATS] if one.sequence % 5 == 0]
    sizes = {0: Sizes(SEATS, WAITLIST)}
    expiries = [(len(asked) + 0.5, ticket) for ticket in unpaid]
    ends = replay(sizes, registrations=asked, cancellations={}, expiries=expiries)
    waiting = [one.ticket for one in asked if ends[one.ticket][0] == "waitlisted"]
    tickets = []
    for one in asked:
        status, reason = ends[one.ticket]
        moved_up = one.sequence > SEATS
        position = waiting.index(one.ticket) + 1 if one.ticket in waiting else None
        until = held_until(one.sequence, moved_up=moved_up) if status in ("confirmed", "expired") else None
        decided = (until or 0) + 500 if status == "expired" else 1000.0 * one.sequence
        before = "waitlisted" if moved_up and until else "held" if until else ""
        found = Ticket(one.ticket, status, reason, one.sequence, 1000.0 * one.sequence, decided, position, before)
        tickets.append(replace(found, expires_ms=until))
    seen = _seen(asked, tickets)
    assert failed(seen) == set()
    assert [t.status for t in tickets[:13]] == [*["confirmed"] * 4, "expired"] * 2 + ["confirmed"] * 2 + ["waitlisted"]
    return seen


def _seen(asked: list[Asked], tickets: list[Ticket]) -> Observation:
    confirmed = [ticket for ticket in tickets if ticket.status == "confirmed"]
    waiting = sum(ticket.status == "waitlisted" for ticket in tickets)
    rejected = sum(ticket.status == "rejected" for ticket in tickets)
    emails = {one.ticket: one.email for one in asked}
    return Observation(
        seats=SEATS,
        waitlist=WAITLIST,
        hold=HOLD,
        results=[
            RegistrationResult(one.sequence - 1, one.email, 202, "", one.ticket, one.sequence, one.sequence + 0.5, 0.01)
            for one in asked
        ],
        tickets=tickets,
        attendees=[Attendee(short(t.ticket_id), emails[t.ticket_id], t.sequence or 0) for t in confirmed],
        samples=[],
        counts=EventCounts(SEATS, len(confirmed), 0, waiting),
        stats=Stats(0, len(confirmed), waiting, {"sold_out": rejected}, 0),
        confirmations=[ConfirmationResult(t.ticket_id, 202, "") for t in confirmed for _ in range(2)],
    )


def having(seen: Observation, status: str) -> list[Ticket]:
    return [ticket for ticket in seen.tickets if ticket.status == status]


def test_a_hold_that_is_never_ended_is_noticed(honest: Observation) -> None:
    assert {ENDED, KEPT, ORDER} <= failed(change_ticket(honest, having(honest, "expired")[0], status="held"))


def test_a_hold_that_was_paid_in_time_and_expires_is_noticed(honest: Observation) -> None:
    paid = ConfirmationResult(having(honest, "expired")[0].ticket_id, 202, "")
    assert failed(replace(honest, confirmations=[*honest.confirmations, paid])) == {ENDED}


def test_a_late_payment_may_be_refused(honest: Observation) -> None:
    late = ConfirmationResult(having(honest, "expired")[0].ticket_id, 409, "not_held")
    assert failed(replace(honest, confirmations=[*honest.confirmations, late])) == set()


def test_a_hold_that_expires_too_early_is_noticed(honest: Observation) -> None:
    expired = having(honest, "expired")[0]
    assert ENDED in failed(change_ticket(honest, expired, decided_ms=(expired.expires_ms or 0) - 1))


def test_a_seat_that_no_one_paid_for_is_noticed(honest: Observation) -> None:
    ticket_id = having(honest, "confirmed")[0].ticket_id
    others = [one for one in honest.confirmations if one.ticket_id != ticket_id]
    assert failed(replace(honest, confirmations=others)) == {ENDED}


def test_a_payment_that_is_refused_the_second_time_is_noticed(honest: Observation) -> None:
    first, second, *others = honest.confirmations
    assert failed(replace(honest, confirmations=[first, replace(second, status=409), *others])) == {ENDED}


def test_a_seat_that_comes_back_and_goes_to_no_one_is_noticed(honest: Observation) -> None:
    moved_up = having(honest, "confirmed")[-1]
    assert ORDER in failed(change_ticket(honest, moved_up, status="waitlisted", expires_ms=None, position=1))


def test_who_passes_the_first_in_line_is_noticed(honest: Observation) -> None:
    first, last = having(honest, "confirmed")[-1], having(honest, "waitlisted")[-1]
    seen = change_ticket(honest, first, status="waitlisted", expires_ms=None, position=1)
    seen = change_ticket(seen, last, status="confirmed", expires_ms=first.expires_ms, position=None)
    assert {PASSED, ORDER} <= failed(seen)


def test_seats_that_are_set_aside_out_of_turn_are_noticed(honest: Observation) -> None:
    one, other = having(honest, "confirmed")[-2:]
    late = (other.expires_ms or 0) + 1
    assert failed(change_ticket(honest, one, expires_ms=late)) == {PASSED}


def test_held_seats_count_as_taken(honest: Observation) -> None:
    assert OVERSOLD in failed(replace(honest, samples=[EventCounts(SEATS, 8, 0, held_count=3)]))


def test_who_registers_while_holds_run_out_may_come_before_or_after(honest: Observation) -> None:
    """With one seat gone to the waitlist there is a place on it for the last guest."""
    late, first = honest.tickets[-1], having(honest, "expired")[0]
    until = first.expires_ms or 0
    waits = {"status": "waitlisted", "reason": None, "position": 5}
    for changes in ({}, waits):
        assert ORDER not in failed(change_ticket(honest, late, requested_ms=until + 250, **changes))
    assert ORDER in failed(change_ticket(honest, late, requested_ms=until - 250, **waits))
    assert ORDER in failed(change_ticket(honest, late, requested_ms=until + 750))


def test_a_hold_that_ran_out_before_it_was_given_back_is_no_contradiction(honest: Observation) -> None:
    expired = having(honest, "expired")[0]
    given_back = CancellationResult(expired.ticket_id, 202, "", 21, 200.0, 200.5)
    assert failed(replace(honest, cancellations=[given_back])) == set()
