"""Rows that an operator changes by hand, and what of it the decision log gives away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from events.domain.commands import Cancellation, Request
from events.domain.states import Reason
from events.models import Event, Registration
from tests.support.in_process.decision_log import ENTRY, check, commit, id_of, problem, rebuild, registration, rewrite
from verify.omnify_verify import CONFIRMED

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

Make = Callable[..., Event]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data[ENTRY : 2 * ENTRY] + data[:ENTRY] + data[2 * ENTRY :],
        lambda data: data[:3] + bytes([CONFIRMED]) + data[4:],
    ],
    ids=["altered", "swapped", "another outcome"],
)
def test_entries_that_were_changed_in_the_database_are_not_those_that_were_signed(
    make_event: Make, change: Callable[[bytes], bytes]
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=5)
    commit(event, [registration(1)])
    commit(event, [registration(2), registration(3)])
    assert check(event).problem == ""
    rewrite(event, change)
    assert "not those that the checkpoint was signed for" in problem(event)


def test_a_log_that_was_changed_whole_still_breaks_the_rules(make_event: Make) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=5)
    commit(event, [registration(1)])
    commit(event, [registration(2), registration(3)])
    rewrite(event, lambda data: data[:3] + bytes([CONFIRMED]) + data[4:])
    rebuild(event)
    assert "rule 5: outcome 1, and 3 is the only one allowed" in problem(event)


def test_a_capacity_that_was_raised_by_hand_for_a_moment_is_found(make_event: Make) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=0)
    commit(event, [registration(1)])
    Event.objects.filter(pk=event.pk).update(max_capacity=2)
    commit(event, [registration(2)])
    assert "rule 2: sizes that no entry has made" in problem(event)


def promote_by_hand(event: Event, victim: Request, friend: Request) -> None:
    rows = Registration.objects.filter(event=event)
    rows.filter(ticket_key=victim.key).update(status="cancelled", reason=Reason.BY_HOLDER.value)
    rows.filter(ticket_key=friend.key).update(status="confirmed")
    Event.objects.filter(pk=event.pk).update(waitlisted_count=1)


def test_a_friend_who_was_promoted_by_hand_contradicts_what_the_service_tells(
    make_event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.omnify_verify.TRIES", 1)
    event = make_event(max_capacity=1, waitlist_capacity=2)
    victim, second, friend = (registration(number) for number in (1, 2, 3))
    commit(event, [victim, second, friend])
    promote_by_hand(event, victim, friend)
    assert "the service says otherwise" in problem(event)
    Event.objects.filter(pk=event.pk).update(waitlisted_count=2)
    told = check(event, tickets=[id_of(event, victim)]).problem
    assert "as confirmed, and the service as cancelled" in told


def test_a_friend_who_was_promoted_by_hand_breaks_the_rules_with_the_next_seat_that_moves(make_event: Make) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=2)
    victim, second, friend = (registration(number) for number in (1, 2, 3))
    commit(event, [victim, second, friend])
    promote_by_hand(event, victim, friend)
    commit(event, [Cancellation(friend.key, 4, 4)])
    assert "rule 4" in problem(event)
