"""Proofs about access codes. Each yields contradictions."""

from __future__ import annotations

from collections.abc import Iterator

from events.domain.states import HOLDING
from omnify.common.envelope import Code
from rehearsal.evidence import Evidence
from rehearsal.hold_proofs import expiry_orders
from rehearsal.records import CodeCounts


def codes_are_within_their_uses(evidence: Evidence) -> Iterator[str]:
    """No code's tickets ever had more seats than it is for; it was refused only when used up; the service counts so."""
    for index, counts in enumerate(evidence.seen.codes):
        yield from _within_uses(evidence, index, counts)
        yield from _refused_in_time(evidence, index, counts)
        held = sum(t.seats for a, t in evidence.admitted if a.code_index == index and t.status in HOLDING)
        if counts.used != held:
            yield f"code {index + 1} has {held} seats, {counts.used} by the service's count"


def _within_uses(evidence: Evidence, index: int, counts: CodeCounts) -> Iterator[str]:
    """Walks along the order of admission: a ticket counts until its cancellation's place, or until its hold ran out."""
    moves: list[tuple[float, int]] = []
    ran_out = {ticket_id: place for place, ticket_id in next(expiry_orders(evidence))}
    for result, ticket, sequence in evidence.holders:
        if result.code_index == index and ticket.ticket_id not in evidence.unsequenced:
            moves.append((sequence, ticket.seats))
            given_back = evidence.cancellations.get(ticket.ticket_id)
            if given_back is not None and given_back.sequence is not None:
                moves.append((given_back.sequence, -ticket.seats))
            if ticket.ticket_id in ran_out:
                moves.append((ran_out[ticket.ticket_id], -ticket.seats))
    taken = 0
    for place, seats in sorted(moves):
        taken += seats
        if taken > counts.uses:
            yield f"code {index + 1} is for {counts.uses} seats, and has {taken} at sequence {place}"


def _refused_in_time(evidence: Evidence, index: int, counts: CodeCounts) -> Iterator[str]:
    sent = sorted((one.first_sent_at, one.seats) for one in evidence.accepted if one.code_index == index)
    for result in evidence.seen.results:
        if result.code == Code.CODE_INVALID and result.code_index == index:
            asked = sum(seats for first_sent_at, seats in sent if first_sent_at < result.answered_at)
            if asked + result.seats <= counts.uses:
                yield f"registration {result.number} was refused with code {index + 1}, which was not used up"
