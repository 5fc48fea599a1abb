"""What tickets in line were told of their chances, and what they got."""

from __future__ import annotations

from rehearsal.proofs import prove
from rehearsal.records import Observation, Ticket
from tests.support.rehearsal.simulation import change_ticket, failed, simulate

NAME = "No seat was called unlikely"


def told(seen: Observation, status: str) -> Observation:
    """One ticket that ended so was told that a seat is unlikely."""
    ticket: Ticket = next(ticket for ticket in seen.tickets if ticket.status == status)
    return change_ticket(seen, ticket, unlikely=True)


def detail(seen: Observation) -> str:
    return next(proof.detail for proof in prove(seen) if proof.name == NAME)


def plain() -> Observation:
    return simulate(people=40, seats=10, duplicates=4, overlap=3, lag=6, door_knows=False, cancel=0, waitlist=5, step=1)


def test_who_was_told_so_and_has_a_seat_breaks_the_promise() -> None:
    seen = plain()
    assert failed(seen) == set()
    assert failed(told(seen, "confirmed")) == {NAME}


def test_a_place_on_the_waitlist_is_no_seat() -> None:
    seen = told(told(plain(), "waitlisted"), "rejected")
    assert failed(seen) == set()
    assert detail(seen).endswith("That was said to 2.")


def test_where_seats_become_free_the_share_is_said() -> None:
    seen = simulate(
        people=60, seats=15, duplicates=6, overlap=3, lag=6, door_knows=False, cancel=18, waitlist=10, step=1
    )
    seen = told(told(seen, "confirmed"), "rejected")
    assert failed(seen) == set()
    assert "of 2 who were told so, 1 got one (50.0%)" in detail(seen)
