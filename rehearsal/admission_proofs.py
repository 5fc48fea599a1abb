"""Proofs about the order of admission. Each yields contradictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

from events.domain.states import Reason, Status
from rehearsal.evidence import Evidence
from rehearsal.hold_proofs import expiry_orders
from rehearsal.lost_responses import orders
from rehearsal.replay import Asked, replay


def decisions_follow_admission(evidence: Evidence) -> Iterator[str]:
    """Replayed one by one in the order of admission, what was asked and what ran out leads to the same results."""
    problems: list[str] = []
    for cancellations, expiries in product(orders(evidence), expiry_orders(evidence)):
        differences = list(_differences(evidence, cancellations, expiries))
        if not differences:
            return
        problems = problems or differences
    yield from problems


def first_come_first_seated(evidence: Evidence) -> Iterator[str]:
    """No registration was rejected as sold out while a later one got what no cancellation had freed."""
    for line in evidence.lines:
        # For a group, what is left may not have sufficed: the replay above says whether it did.
        if not line.has_groups:
            yield from _turned_away_in_turn(line)


def _turned_away_in_turn(evidence: Evidence) -> Iterator[str]:
    given_back = len(evidence.cancelled) + len(evidence.expired)
    turned_away = [s for _, t, s in evidence.sequenced if t.reason == Reason.SOLD_OUT]
    if turned_away:
        first = min(turned_away)
        later = [s for _, _, s in evidence.holders if s > first]
        for sequence in later[given_back:]:
            yield f"sequence {first} was turned away, sequence {sequence} got a seat"
    if evidence.refused_sold_out:
        refused = min(evidence.refused_sold_out, key=lambda result: result.answered_at)
        later = [s for a, _, s in evidence.holders if a.first_sent_at > refused.answered_at]
        for sequence in later[given_back:]:
            yield f"registration {refused.number} was told sold_out, later sequence {sequence} got a seat"


def sequence_follows_arrival(evidence: Evidence) -> Iterator[str]:
    """Sequences are unique, and a request that was sent after another one had its 202 has a higher sequence."""
    arrivals = [(a.first_sent_at, a.answered_at, s) for a, _, s in evidence.sequenced]
    arrivals += [(c.first_sent_at, c.answered_at, c.sequence) for c in evidence.cancellations.values() if c.sequence]
    for sequence, times in Counter(s for _, _, s in arrivals).items():
        if times > 1:
            yield f"sequence {sequence} was given {times} times"
    answered = sorted((answered_at, s) for _, answered_at, s in arrivals)
    latest, done = -1, 0
    for sent_at, _, sequence in sorted(arrivals):
        while done < len(answered) and answered[done][0] < sent_at:
            latest = max(latest, answered[done][1])
            done += 1
        if sequence < latest:
            yield f"sequence {sequence} asked after sequence {latest} had its 202"


def _differences(evidence: Evidence, cancellations: dict[int, str], expiries: list[tuple[float, str]]) -> Iterator[str]:
    asked = [Asked(s, t.ticket_id, a.email, a.type_id, a.seats) for a, t, s in evidence.sequenced]
    expected = replay(evidence.sizes, registrations=asked, cancellations=cancellations, expiries=expiries)
    for _, ticket, sequence in sorted(evidence.sequenced, key=lambda one: one[2]):
        if (ticket.status, ticket.reason) != expected[ticket.ticket_id]:
            found, right = _end(ticket.status, ticket.reason), _end(*expected[ticket.ticket_id])
            yield f"sequence {sequence} is {found}, {right} by the order of admission"


def _end(status: str | Status, reason: str | None) -> str:
    return f"{status} ({reason})" if reason else str(status)
