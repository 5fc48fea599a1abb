"""Proofs about tickets that move after their decision, up from the waitlist or out. Each yields contradictions."""

from __future__ import annotations

from collections.abc import Iterator

from events.domain.states import TRANSITIONS, Status
from rehearsal.evidence import Evidence, short
from rehearsal.records import ACCEPTED


def waitlist_is_in_order(evidence: Evidence) -> Iterator[str]:
    """At the end nobody waits beside a free seat or before somebody confirmed; positions follow admission."""
    free = evidence.seen.seats - len(evidence.confirmed)
    waiting = sorted((t.sequence or 0, t.position) for t in evidence.waitlisted.values())
    if not waiting:
        return
    if free > 0:
        yield f"{len(waiting)} wait beside {free} free seats"
    first = waiting[0][0]
    for ticket in evidence.confirmed.values():
        if (ticket.sequence or 0) > first:
            yield f"sequence {first} waits, sequence {ticket.sequence} has a seat"
    for place, (sequence, position) in enumerate(waiting, start=1):
        if position not in (None, place):
            yield f"sequence {sequence} is told position {position}, {place} expected"


def who_gave_back_is_out(evidence: Evidence) -> Iterator[str]:
    """Every cancellation was answered and ended its ticket; nobody else's ticket was cancelled."""
    hasty = set(evidence.unplaced)
    for one in evidence.seen.returns:
        name, ticket = short(one.ticket_id), evidence.tickets.get(one.ticket_id)
        if one.status != ACCEPTED:
            yield f"the cancellation of {name} was answered {one.status or 'never'} {one.code}".rstrip()
        elif ticket is not None and ticket.status not in (Status.CANCELLED, Status.REJECTED):
            yield f"{name} was given back and is {ticket.status}"
        if one.tries > 1:
            hasty.discard(one.ticket_id)
    for ticket_id in hasty:
        yield f"{short(ticket_id)} was cancelled, and its holder was told that there was nothing to cancel"
    for ticket_id in evidence.cancelled.keys() - evidence.cancellations.keys():
        yield f"{short(ticket_id)} is cancelled, and nobody gave it back"


def no_status_ran_backwards(evidence: Evidence) -> Iterator[str]:
    """Between the two times that a ticket was read, its status moved as the contract allows, or not at all."""
    for ticket in evidence.seen.tickets:
        known = ticket.before in TRANSITIONS and ticket.status != ticket.before
        if known and ticket.status not in TRANSITIONS[Status(ticket.before)]:
            yield f"{short(ticket.ticket_id)} was {ticket.before}, then {ticket.status}"
