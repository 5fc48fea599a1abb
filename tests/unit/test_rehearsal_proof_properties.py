"""Of every honest event all proofs hold; of every honest event with one thing changed at least one does not."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from events.rehearsal.records import Observation
from tests.unit.rehearsal_simulation import change_ticket, failed, simulate

replace = msgspec.structs.replace

crowds = st.builds(
    lambda people, seats, share, overlap, lag, door_knows: simulate(
        people=people,
        seats=seats,
        duplicates=people * share // 100,
        overlap=overlap,
        lag=lag,
        door_knows=door_knows,
    ),
    people=st.integers(1, 40),
    seats=st.integers(1, 40),
    share=st.integers(0, 100),
    overlap=st.integers(1, 10),
    lag=st.integers(0, 30),
    door_knows=st.booleans(),
)


@given(crowds)
def test_every_honest_event_passes(seen: Observation) -> None:
    assert failed(seen) == set()


@given(crowds, st.data())
def test_every_single_change_to_a_ticket_is_caught(seen: Observation, data: st.DataObject) -> None:
    ticket = data.draw(st.sampled_from(seen.tickets))
    ends = [("confirmed", None), ("rejected", "sold_out"), ("rejected", "duplicate"), ("lost", None), ("queued", None)]
    status, reason = data.draw(st.sampled_from(ends))
    changed = change_ticket(seen, ticket, status=status, reason=reason)
    assert bool(failed(changed)) == (changed != seen)


@given(crowds, st.data())
def test_every_swap_of_two_ends_is_caught(seen: Observation, data: st.DataObject) -> None:
    one, two = data.draw(st.sampled_from(seen.tickets)), data.draw(st.sampled_from(seen.tickets))
    swapped = change_ticket(seen, one, status=two.status, reason=two.reason)
    if two is not one:
        swapped = change_ticket(swapped, two, status=one.status, reason=one.reason)
    assert bool(failed(swapped)) == (swapped != seen)


@given(crowds, st.data())
def test_every_missing_ticket_or_attendee_is_caught(seen: Observation, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(seen.tickets) - 1))
    assert failed(replace(seen, tickets=seen.tickets[:place] + seen.tickets[place + 1 :]))
    place = data.draw(st.integers(0, len(seen.attendees) - 1))
    assert failed(replace(seen, attendees=seen.attendees[:place] + seen.attendees[place + 1 :]))
