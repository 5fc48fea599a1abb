"""An event for access codes: each promise about them broken once, and caught by its proof."""

from __future__ import annotations

import msgspec
import pytest

from rehearsal.crowd import registrations
from rehearsal.records import (
    CancellationResult,
    CodeCounts,
    EventCounts,
    Observation,
    RegistrationResult,
    Stats,
    Ticket,
)
from tests.support.rehearsal.simulation import failed

replace = msgspec.structs.replace

CODES = "Every code within its uses"


@pytest.fixture
def honest() -> Observation:
    """Five guests with a code for three seats: the first three get in, one of them leaves, and a late one gets in."""
    crowd = registrations(people=5, duplicates=0, codes=1)
    in_line = {0: 1, 1: 2, 2: 3, 4: 5}
    results = [_result(one.number, one.email, in_line.get(one.number)) for one in crowd]
    tickets = [
        Ticket(_id(number), "confirmed", None, sequence, 1000.0 * sequence, 1000.0 * sequence)
        for number, sequence in in_line.items()
    ]
    tickets[0] = replace(tickets[0], status="cancelled", reason="by_holder", decided_ms=4000.0)
    from rehearsal.evidence import short
    from rehearsal.records import Attendee

    seen = Observation(
        seats=9,
        results=results,
        tickets=tickets,
        attendees=[
            Attendee(short(t.ticket_id), crowd[int(t.ticket_id[2:10])].email, t.sequence or 0) for t in tickets[1:]
        ],
        samples=[],
        counts=EventCounts(9, 3, 6),
        stats=Stats(0, 3, 0, {}, 1),
        cancellations=[CancellationResult(_id(0), 202, "", 4, 4.0, 4.2)],
        codes=[CodeCounts(uses=3, used=3)],
    )
    assert failed(seen) == set()
    return seen


def _id(number: int) -> str:
    return f"1-{number:08}{'x' * 20}"


def _result(number: int, email: str, sequence: int | None) -> RegistrationResult:
    moment = float(sequence or 3.5)
    said = (202, "", _id(number)) if sequence else (403, "code_invalid", "")
    return RegistrationResult(number, email, *said, moment, moment + 0.2, 0.01, code_index=0)


def test_a_code_that_let_in_more_than_it_is_for_is_found(honest: Observation) -> None:
    assert failed(replace(honest, codes=[CodeCounts(uses=2, used=3)])) == {CODES}


def test_a_use_that_was_given_out_before_it_was_given_back_is_found(honest: Observation) -> None:
    late = CancellationResult(_id(0), 202, "", 6, 6.0, 6.2)
    assert CODES in failed(replace(honest, cancellations=[late]))


def test_a_refusal_of_a_code_that_was_not_used_up_is_found(honest: Observation) -> None:
    assert failed(replace(honest, codes=[CodeCounts(uses=4, used=3)])) == {CODES}


def test_a_wrong_count_of_the_services_is_found(honest: Observation) -> None:
    assert failed(replace(honest, codes=[CodeCounts(uses=3, used=4)])) == {CODES}


def test_a_refusal_for_a_code_is_wrong_where_none_was_asked_for(honest: Observation) -> None:
    assert failed(replace(honest, codes=[])) == {"Every registration was answered"}


def test_guests_come_with_the_codes_in_turn_and_twice_with_the_same() -> None:
    crowd = registrations(people=30, duplicates=10, codes=10)
    by_guest: dict[str, set[int]] = {}
    for one in crowd:
        by_guest.setdefault(one.email.casefold(), set()).add(one.code_index)
    assert all(len(codes) == 1 for codes in by_guest.values())
    assert {code for codes in by_guest.values() for code in codes} == set(range(10))
    assert {one.code_index for one in registrations(people=3, duplicates=0)} == {-1}
