"""Who comes to a rehearsal."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.crowd import registrations
from rehearsal.options import read_options
from rehearsal.runner import workloads
from tests.support.rehearsal.arguments import ARGUMENTS


@given(people=st.integers(1, 300), result=st.integers(0, 100))
def test_every_person_comes_once_and_the_duplicates_a_second_time(people: int, result: int) -> None:
    duplicates = people * result // 100
    times = Counter(r.email.lower() for r in registrations(people=people, duplicates=duplicates))
    assert len(times) == people
    assert Counter(times.values())[2] == duplicates
    assert max(times.values()) <= 2


def test_some_duplicates_spell_their_address_in_other_letter_case() -> None:
    crowd = registrations(people=100, duplicates=8)
    assert 0 < sum(r.email != r.email.lower() for r in crowd) < 8


def test_every_process_knows_the_same_crowd() -> None:
    crowd = registrations(people=100, duplicates=7)
    assert crowd == registrations(people=100, duplicates=7)
    assert [r.number for r in crowd] == list(range(107))


def test_connections_and_rate_are_shared_out_among_the_processes() -> None:
    results = workloads(read_options(ARGUMENTS, environ={}), event_id=1, run="ab")
    assert [workload.connections for workload in results] == [4, 3, 3]
    assert [workload.rate for workload in results] == [3.0, 3.0, 3.0]
    assert [workload.index for workload in results] == [0, 1, 2]
