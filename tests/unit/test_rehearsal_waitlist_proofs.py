"""An event with a waitlist and tickets given back: each promise broken once, and caught by its proof."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from rehearsal.proofs import prove
from rehearsal.records import CancellationResult, EventCounts, Observation, Ticket
from tests.support.rehearsal.simulation import change_ticket, failed, simulate

replace = msgspec.structs.replace

ORDER = "Every decision follows the order of admission"
OUT = "Cancellations took effect, and no others"


@pytest.fixture
def honest() -> Observation:
    """60 people, 6 of them twice, for 15 seats and 10 places to wait; 18 tickets are given back, some twice."""
    seen = simulate(
        people=60, seats=15, duplicates=6, overlap=3, lag=6, door_knows=False, cancel=18, waitlist=10, step=1
    )
    assert failed(seen) == set()
    assert {t.status for t in seen.tickets} == {"confirmed", "waitlisted", "cancelled", "rejected"}
    assert ("waitlisted", "confirmed") in {(t.before, t.status) for t in seen.tickets}
    return seen


def having(seen: Observation, status: str) -> list[Ticket]:
    return [ticket for ticket in seen.tickets if ticket.status == status]


def swapped(seen: Observation, one: Ticket, other: Ticket) -> Observation:
    """Each ended as the other did."""
    seen = change_ticket(seen, one, status=other.status, reason=other.reason, position=other.position)
    return change_ticket(seen, other, status=one.status, reason=one.reason, position=one.position)


def returns_of(seen: Observation, ticket: Ticket, **changes: object) -> Observation:
    """The same observation with what this ticket's cancellations were told changed."""
    changed = [replace(one, **changes) if one.ticket_id == ticket.ticket_id else one for one in seen.cancellations]
    return replace(seen, cancellations=changed)


def detail(seen: Observation, name: str) -> str:
    return next(proof.detail for proof in prove(seen) if proof.name == name)


def test_a_seat_for_the_last_on_the_waitlist_instead_of_the_first_is_caught(honest: Observation) -> None:
    promoted = [ticket for ticket in having(honest, "confirmed") if ticket.before == "waitlisted"]
    seen = swapped(honest, promoted[0], having(honest, "waitlisted")[-1])
    assert {ORDER, "The waitlist is in order"} <= failed(seen)


def test_a_guest_who_came_too_late_for_the_waitlist_is_caught_on_it(honest: Observation) -> None:
    seen = swapped(honest, having(honest, "waitlisted")[-1], having(honest, "rejected")[-1])
    assert ORDER in failed(seen)


def test_a_free_seat_beside_the_waitlist_is_caught(honest: Observation) -> None:
    seen = change_ticket(honest, having(honest, "confirmed")[-1], status="waitlisted")
    assert {ORDER, "The waitlist is in order"} <= failed(seen)


def test_a_wrong_position_is_caught(honest: Observation) -> None:
    seen = change_ticket(honest, having(honest, "waitlisted")[1], position=9)
    assert failed(seen) == {"The waitlist is in order"}
    assert detail(seen, "The waitlist is in order").endswith("is told position 9, 2 expected")


def test_a_waitlist_that_was_too_long_once_is_caught(honest: Observation) -> None:
    seen = replace(honest, samples=[*honest.samples, EventCounts(15, 15, 0, 11)])
    assert failed(seen) == {"Never oversold while we looked"}


@pytest.mark.parametrize("status", ["confirmed", "waitlisted"])
def test_a_ticket_that_was_given_back_and_stays_is_caught(honest: Observation, status: str) -> None:
    seen = change_ticket(honest, having(honest, "cancelled")[0], status=status)
    assert {ORDER, OUT} <= failed(seen)


def test_a_ticket_that_is_cancelled_though_its_holder_kept_it_is_caught(honest: Observation) -> None:
    seen = change_ticket(honest, having(honest, "confirmed")[0], status="cancelled")
    assert {ORDER, OUT, "Every 202 was kept"} <= failed(seen)


@pytest.mark.parametrize(("status", "code"), [(0, ""), (404, "ticket_not_found"), (500, "internal_error")])
def test_a_cancellation_without_its_202_is_caught(honest: Observation, status: int, code: str) -> None:
    rejected = {ticket.ticket_id for ticket in having(honest, "rejected")}
    kept = next(ticket for ticket in having(honest, "confirmed"))
    one = CancellationResult(kept.ticket_id, status, code, None, 0.0, 1.0)
    assert kept.ticket_id not in rejected
    assert failed(replace(honest, cancellations=[*honest.cancellations, one])) == {OUT}


def test_nothing_to_cancel_for_a_ticket_that_is_cancelled_all_the_same_is_caught(honest: Observation) -> None:
    ticket = having(honest, "cancelled")[0]
    assert failed(returns_of(honest, ticket, sequence=None)) == {OUT}


def test_a_lost_answer_is_no_lie_and_said(honest: Observation) -> None:
    seen = returns_of(honest, having(honest, "cancelled")[0], sequence=None, tries=2)
    assert failed(seen) == set()
    assert "The answers to 1 cancellations were lost" in detail(seen, ORDER)


def test_a_wrong_end_is_caught_though_answers_were_lost(honest: Observation) -> None:
    for ticket in having(honest, "cancelled")[:3]:
        honest = returns_of(honest, ticket, sequence=None, tries=2)
    promoted = [ticket for ticket in having(honest, "confirmed") if ticket.before == "waitlisted"]
    assert ORDER in failed(swapped(honest, promoted[0], having(honest, "waitlisted")[-1]))


def test_a_cancellation_that_was_done_before_it_was_asked_for_is_caught(honest: Observation) -> None:
    """Its place is its own, so only arrival contradicts it."""
    last = max(one.sequence or 0 for one in honest.cancellations)
    ticket = having(honest, "cancelled")[0]
    assert "The sequence follows arrival" in failed(returns_of(honest, ticket, sequence=last + 1))


@pytest.mark.parametrize(
    ("before", "now"), [("confirmed", "waitlisted"), ("cancelled", "confirmed"), ("rejected", "waitlisted")]
)
def test_a_status_that_ran_backwards_is_caught(honest: Observation, before: str, now: str) -> None:
    seen = change_ticket(honest, having(honest, now)[0], before=before)
    assert failed(seen) == {"No status went backwards"}


def test_a_seat_and_a_place_to_wait_under_one_address_are_caught(honest: Observation) -> None:
    waiting = having(honest, "waitlisted")[0].ticket_id
    email = next(result.email for result in honest.results if result.ticket_id == waiting)
    attendees = [replace(honest.attendees[0], email=email.upper()), *honest.attendees[1:]]
    assert "No e-mail has two seats" in failed(replace(honest, attendees=attendees))


def test_a_duplicate_of_a_guest_who_had_left_is_caught(honest: Observation) -> None:
    """The e-mail was free again when the second registration came."""
    gone = {ticket.ticket_id for ticket in having(honest, "cancelled")}
    times = Counter(result.email.casefold() for result in honest.results)
    email = next(a.email for a in honest.results if a.ticket_id in gone and times[a.email.casefold()] == 1)
    late = having(honest, "rejected")[-1]
    results = [replace(a, email=email) if a.ticket_id == late.ticket_id else a for a in honest.results]
    seen = change_ticket(replace(honest, results=results), late, reason="duplicate")
    assert {ORDER, "Every refusal was right"} <= failed(seen)


@pytest.mark.parametrize("field", ["waitlisted", "cancelled"])
def test_a_wrong_count_is_caught(honest: Observation, field: str) -> None:
    stats = replace(honest.stats, **{field: getattr(honest.stats, field) - 1})
    assert failed(replace(honest, stats=stats)) == {"The service's counts agree"}


def test_a_wrong_count_of_the_event_is_caught(honest: Observation) -> None:
    counts = replace(honest.counts, waitlisted_count=honest.counts.waitlisted_count - 1)
    assert failed(replace(honest, counts=counts)) == {"The service's counts agree"}
