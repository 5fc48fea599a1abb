"""Of every honest event all proofs hold; of every honest event with one thing changed at least one does not."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.records import CancellationResult, Observation
from tests.support.rehearsal.simulation import change_ticket, failed, simulate

replace = msgspec.structs.replace


def crowds_of(cancel: st.SearchStrategy[int], waitlist: st.SearchStrategy[int]) -> st.SearchStrategy[Observation]:
    """Of `cancel` in a hundred who give their ticket back."""
    return st.builds(
        lambda people, share, cancel, **others: simulate(
            people=people, duplicates=people * share // 100, cancel=people * cancel // 100, **others
        ),
        people=st.integers(1, 40),
        seats=st.integers(1, 40),
        share=st.integers(0, 100),
        overlap=st.integers(1, 10),
        lag=st.integers(0, 30),
        door_knows=st.booleans(),
        cancel=cancel,
        waitlist=waitlist,
        step=st.integers(1, 2),
    )


plain = crowds_of(st.just(0), st.just(0))
moving = crowds_of(st.integers(0, 100), st.integers(0, 20))
crowds = plain | moving
ENDS = [
    *(("confirmed", None), ("rejected", "sold_out"), ("rejected", "duplicate"), ("lost", None), ("queued", None)),
    *(("waitlisted", None), ("cancelled", None)),
]


@given(crowds)
def test_every_honest_event_passes(seen: Observation) -> None:
    assert failed(seen) == set()


@given(moving, st.data())
def test_an_honest_event_passes_when_answers_to_cancellations_were_lost(seen: Observation, data: st.DataObject) -> None:
    lost = set(data.draw(st.lists(st.sampled_from([t.ticket_id for t in seen.tickets]), max_size=5)))
    forgetful = replace(
        seen, cancellations=[_unheard(one) if one.ticket_id in lost else one for one in seen.cancellations]
    )
    assert failed(forgetful) == set()


def _unheard(one: CancellationResult) -> CancellationResult:
    """Asked again when the cancellation was done."""
    return replace(one, sequence=None, tries=2)


@given(crowds, st.data())
def test_every_single_change_to_a_ticket_is_caught(seen: Observation, data: st.DataObject) -> None:
    ticket = data.draw(st.sampled_from(seen.tickets))
    status, reason = data.draw(st.sampled_from(ENDS))
    changed = change_ticket(seen, ticket, status=status, reason=reason)
    assert bool(failed(changed)) == (changed != seen)


@given(crowds, st.data())
def test_every_swap_of_two_ends_is_caught(seen: Observation, data: st.DataObject) -> None:
    one, two = data.draw(st.sampled_from(seen.tickets)), data.draw(st.sampled_from(seen.tickets))
    swapped = change_ticket(seen, one, status=two.status, reason=two.reason)
    if two is not one:
        swapped = change_ticket(swapped, two, status=one.status, reason=one.reason)
    assert bool(failed(swapped)) == (swapped != seen)


@given(moving, st.data())
def test_a_cancellation_of_another_ticket_instead_is_caught(seen: Observation, data: st.DataObject) -> None:
    told = [one.ticket_id for one in seen.cancellations if one.sequence is not None]
    if told:
        ticket_id = data.draw(st.sampled_from(told))
        taken = data.draw(st.sampled_from([ticket.sequence for ticket in seen.tickets]))
        moved = [replace(one, sequence=taken) if one.ticket_id == ticket_id else one for one in seen.cancellations]
        assert "The sequence follows arrival" in failed(replace(seen, cancellations=moved))


@given(crowds, st.data())
def test_every_missing_ticket_or_attendee_is_caught(seen: Observation, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(seen.tickets) - 1))
    assert failed(replace(seen, tickets=seen.tickets[:index] + seen.tickets[index + 1 :]))
    if seen.attendees:
        index = data.draw(st.integers(0, len(seen.attendees) - 1))
        assert failed(replace(seen, attendees=seen.attendees[:index] + seen.attendees[index + 1 :]))
