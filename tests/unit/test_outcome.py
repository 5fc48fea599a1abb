"""Decisions on tickets, sorted."""

from __future__ import annotations

from events.domain.outcome import Outcome, by_decision
from events.domain.states import Reason, Status


def outcome(key: str, status: Status, reason: Reason | None = None) -> Outcome:
    return Outcome(key=key, status=status, reason=reason, sequence=1, requested_ms=1, decided_ms=2, revision=1)


def test_outcomes_are_sorted_by_status_or_by_the_reason_of_a_rejection() -> None:
    found = by_decision(
        [
            outcome("a", Status.CONFIRMED),
            outcome("b", Status.REJECTED, Reason.DUPLICATE),
            outcome("c", Status.REJECTED, Reason.SOLD_OUT),
            outcome("d", Status.CONFIRMED),
            outcome("e", Status.CANCELLED, Reason.BY_HOLDER),
        ]
    )
    keys = {decision: [one.key for one in outcomes] for decision, outcomes in found.items()}
    assert keys == {"confirmed": ["a", "d"], "duplicate": ["b"], "sold_out": ["c"], "cancelled": ["e"]}
    assert {type(decision) for decision in found} == {str}
