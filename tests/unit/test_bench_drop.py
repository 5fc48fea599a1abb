"""What a drop felt like, reckoned from the client's waits and looks at the queue."""

from __future__ import annotations

import pytest

from bench.load import Wait
from bench.measures.drop import Look, at, decisions

PRESSED = 100.0


def wait(answered: float, status: int = 202) -> Wait:
    return Wait(status, PRESSED, answered)


def test_a_ticket_is_decided_at_the_first_look_that_saw_as_many_decided() -> None:
    waits = [wait(101.0), wait(101.1), wait(101.2)]
    looks = [Look(101.0, 0), Look(102.0, 1), Look(103.0, 1), Look(104.0, 3)]
    assert decisions(waits, looks) == pytest.approx([2.0, 4.0, 4.0])


def test_who_is_told_that_nothing_is_left_has_the_decision_with_the_answer() -> None:
    waits = [wait(101.0), wait(105.0, 409), wait(106.0, 409)]
    assert sorted(decisions(waits, [Look(103.0, 1)])) == pytest.approx([3.0, 5.0, 6.0])


def test_no_one_has_a_decision_before_the_ticket() -> None:
    assert decisions([wait(101.0), wait(104.0)], [Look(102.0, 2)]) == pytest.approx([2.0, 4.0])


def test_a_ticket_that_no_look_saw_decided_is_an_error() -> None:
    with pytest.raises(IndexError):
        decisions([wait(101.0), wait(102.0)], [Look(103.0, 1)])


def test_a_share_of_the_crowd_has_waited_so_long_at_most() -> None:
    waits = [float(number) for number in range(1, 101)]
    assert [at(waits, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert at([7.0], 0.5) == 7.0
