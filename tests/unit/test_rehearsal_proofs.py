"""An honest event passes every proof; a service that breaks one promise is caught, by the proof of that promise."""

from __future__ import annotations

import msgspec
import pytest

from rehearsal.evidence import short
from rehearsal.proofs import PROOFS, prove
from rehearsal.records import Attendee, EventCounts, Observation, RegistrationResult, Stats, Ticket
from tests.support.rehearsal.simulation import change_ticket, failed, simulate

replace = msgspec.structs.replace


def detail(seen: Observation, name: str) -> str:
    return next(proof.detail for proof in prove(seen) if proof.name == name)


def change_result(seen: Observation, result: RegistrationResult, **changes: object) -> Observation:
    results = [replace(a, **changes) if a is result else a for a in seen.results]
    return replace(seen, results=results)


def with_status(seen: Observation, status: str, reason: str | None = None) -> list[Ticket]:
    return [t for t in seen.tickets if t.status == status and (reason is None or t.reason == reason)]


@pytest.fixture
def honest() -> Observation:
    """30 people, 6 of them twice, for 10 seats: everything that can happen does."""
    seen = simulate(people=30, seats=10, duplicates=6, overlap=3, lag=8, door_knows=False)
    assert {a.code for a in seen.results} >= {"", "sold_out"}
    assert {t.reason for t in seen.tickets} == {None, "sold_out", "duplicate"}
    return seen


def test_an_honest_event_passes_every_proof(honest: Observation) -> None:
    assert failed(honest) == set()
    assert [proof.name for proof in prove(honest)] == [name for name, _ in PROOFS]


def test_a_seat_too_many_is_caught_even_if_the_service_counts_it_itself(honest: Observation) -> None:
    extra = with_status(honest, "rejected", "sold_out")[0]
    email = next(a.email for a in honest.results if a.ticket_id == extra.ticket_id)
    seen = change_ticket(honest, extra, status="confirmed", reason=None)
    seen = replace(
        seen,
        attendees=[*seen.attendees, Attendee(short(extra.ticket_id), email, extra.sequence or 0)],
        counts=EventCounts(10, 11, -1),
        stats=replace(
            seen.stats, confirmed=11, rejected={**seen.stats.rejected, "sold_out": seen.stats.rejected["sold_out"] - 1}
        ),
    )
    assert failed(seen) == {
        "Every seat is filled, none twice",
        "Never oversold while we looked",
        "Every decision follows the order of admission",
    }


def test_a_seat_left_empty_is_caught(honest: Observation) -> None:
    seen = change_ticket(honest, with_status(honest, "confirmed")[-1], status="rejected", reason="sold_out")
    assert "Every seat is filled, none twice" in failed(seen)
    assert "Every refusal was right" in failed(seen)


def test_overselling_that_is_corrected_later_is_caught(honest: Observation) -> None:
    seen = replace(honest, samples=[*honest.samples, EventCounts(10, 11, -1)])
    assert failed(seen) == {"Never oversold while we looked"}


def test_a_later_guest_with_an_earlier_guests_seat_is_caught(honest: Observation) -> None:
    seated = with_status(honest, "confirmed")[3]
    late = with_status(honest, "rejected", "sold_out")[0]
    seen = change_ticket(honest, seated, status="rejected", reason="sold_out")
    seen = change_ticket(seen, late, status="confirmed", reason=None)
    assert "First come, first seated" in failed(seen)
    assert f"sequence {seated.sequence} was turned away, sequence" in detail(seen, "First come, first seated")


def test_a_seat_given_to_who_came_after_the_door_said_sold_out_is_caught(honest: Observation) -> None:
    early = next(a for a in honest.results if a.number == 1)
    seen = change_result(honest, early, status=409, code="sold_out", ticket_id="", answered_at=early.first_sent_at)
    assert "First come, first seated" in failed(seen)


def test_a_sequence_that_runs_against_arrival_is_caught(honest: Observation) -> None:
    first, last = honest.tickets[0], honest.tickets[-1]
    seen = change_ticket(honest, first, sequence=last.sequence)
    seen = change_ticket(seen, last, sequence=first.sequence)
    assert "The sequence follows arrival" in failed(seen)


def test_a_sequence_given_twice_is_caught(honest: Observation) -> None:
    rejected = with_status(honest, "rejected", "sold_out")
    seen = change_ticket(honest, rejected[1], sequence=rejected[0].sequence)
    assert failed(seen) == {"The sequence follows arrival"}


def test_two_seats_under_one_address_are_caught_whatever_their_letter_case(honest: Observation) -> None:
    one, two, *others = honest.attendees
    seen = replace(honest, attendees=[one, replace(two, email=one.email.upper()), *others])
    assert "No e-mail has two seats" in failed(seen)
    assert "@" not in detail(seen, "No e-mail has two seats")


@pytest.mark.parametrize("status", ["queued", "lost", "cancelled", "waitlisted", "ticket_not_found"])
def test_a_202_without_its_decision_is_caught(honest: Observation, status: str) -> None:
    seen = change_ticket(honest, honest.tickets[-1], status=status, reason=None)
    assert "Every 202 was kept" in failed(seen)


@pytest.mark.parametrize("reason", ["invalid", "event_cancelled", "registration_closed", None])
def test_a_rejection_for_a_reason_that_cannot_be_is_caught(honest: Observation, reason: str | None) -> None:
    seen = change_ticket(honest, with_status(honest, "rejected")[0], reason=reason)
    assert "Every 202 was kept" in failed(seen)


def test_a_ticket_that_was_never_read_is_caught(honest: Observation) -> None:
    missing = honest.tickets[2]
    seen = replace(honest, tickets=[t for t in honest.tickets if t is not missing])
    assert "Every 202 was kept" in failed(seen)
    assert detail(seen, "Every 202 was kept") == f"{short(missing.ticket_id)} was never read"


def test_a_ticket_given_to_two_people_is_caught(honest: Observation) -> None:
    one, two = [a for a in honest.results if a.accepted][:2]
    assert "Every ticket id is unique" in failed(change_result(honest, two, ticket_id=one.ticket_id))


@pytest.mark.parametrize(("status", "code"), [(0, ""), (500, "internal_error"), (400, "invalid"), (409, "")])
def test_a_registration_without_a_proper_answer_is_caught(honest: Observation, status: int, code: str) -> None:
    refused = next(a for a in honest.results if a.code == "sold_out")
    assert failed(change_result(honest, refused, status=status, code=code)) == {"Every registration was answered"}


def test_sold_out_with_seats_left_is_caught() -> None:
    honest = simulate(people=5, seats=9, duplicates=0, overlap=1, lag=1, door_knows=True)
    seen = change_result(honest, honest.results[-1], status=409, code="sold_out", ticket_id="")
    assert "Every refusal was right" in failed(seen)


def test_a_duplicate_without_a_first_registration_is_caught_at_the_door(honest: Observation) -> None:
    lonely = next(
        a
        for a in honest.results
        if a.code == "sold_out" and not any(b.accepted and b.email.lower() == a.email.lower() for b in honest.results)
    )
    assert failed(change_result(honest, lonely, code="duplicate_registration")) == {"Every refusal was right"}


def test_a_duplicate_without_a_first_registration_is_caught_at_the_decision(honest: Observation) -> None:
    seen = change_ticket(honest, with_status(honest, "confirmed")[0], status="rejected", reason="duplicate")
    assert "Every refusal was right" in failed(seen)


def test_an_attendee_without_a_confirmed_ticket_is_caught(honest: Observation) -> None:
    stranger = Attendee("1-stranger", "guest999@example.com", 999)
    seen = replace(honest, attendees=[*honest.attendees, stranger])
    assert failed(seen) == {"The attendee list is the confirmed tickets"}
    assert detail(seen, "The attendee list is the confirmed tickets") == "1-stranger is in the list and not confirmed"


def test_a_confirmed_ticket_that_is_not_in_the_list_is_caught(honest: Observation) -> None:
    seen = replace(honest, attendees=honest.attendees[1:])
    assert failed(seen) == {"The attendee list is the confirmed tickets"}


def test_an_attendee_listed_twice_is_caught(honest: Observation) -> None:
    seen = replace(honest, attendees=[honest.attendees[0], *honest.attendees])
    assert "The attendee list is the confirmed tickets" in failed(seen)


def test_a_list_out_of_order_is_caught(honest: Observation) -> None:
    seen = replace(honest, attendees=honest.attendees[::-1])
    assert failed(seen) == {"The attendee list is the confirmed tickets"}


@pytest.mark.parametrize("field", ["queued", "confirmed", "waitlisted", "cancelled"])
def test_a_wrong_statistic_is_caught(honest: Observation, field: str) -> None:
    stats = replace(honest.stats, **{field: getattr(honest.stats, field) + 1})
    assert failed(replace(honest, stats=stats)) == {"The service's counts agree"}


def test_a_wrong_count_of_rejections_is_caught(honest: Observation) -> None:
    seen = replace(honest, stats=replace(honest.stats, rejected={**honest.stats.rejected, "invalid": 1}))
    assert detail(seen, "The service's counts agree") == "stats rejected invalid is 1, 0 expected"


def test_many_failures_are_told_by_three_examples_and_a_number(honest: Observation) -> None:
    seen = replace(honest, tickets=[])
    accepted = sum(a.accepted for a in honest.results)
    assert detail(seen, "Every 202 was kept").endswith(f"; and {accepted - 3} more")


def test_no_proof_names_an_address_or_a_whole_ticket_id(honest: Observation) -> None:
    wrong = replace(honest, tickets=honest.tickets[:5], attendees=honest.attendees * 2, stats=Stats(9, 9, 9, {}, 9))
    text = " ".join(proof.detail for proof in prove(wrong))
    assert "@" not in text
    assert not any(t.ticket_id in text for t in honest.tickets)
