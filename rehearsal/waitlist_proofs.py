"""Proofs about tickets that change after their decision: promoted or cancelled. Each yields contradictions."""

from __future__ import annotations

from collections.abc import Iterator

from events.domain.states import TRANSITIONS, Status
from rehearsal.evidence import Evidence, seats_of, short
from rehearsal.records import ACCEPTED


def waitlist_is_in_order(evidence: Evidence) -> Iterator[str]:
    """At the end no ticket waits beside a free seat, or before a later confirmed one; positions follow admission."""
    for line in evidence.lines:
        yield from _line_is_in_order(line)


def _line_is_in_order(evidence: Evidence) -> Iterator[str]:
    """The same of one ticket type. A group waits beside seats that do not suffice for it."""
    free = evidence.seen.seats - seats_of([*evidence.confirmed.values(), *evidence.held.values()])
    waiting = sorted((t.sequence or 0, t.position, t.seats) for t in evidence.waitlisted.values())
    if not waiting:
        return
    if free >= waiting[0][2]:
        yield f"{len(waiting)} wait beside {free} free seats"
    first = waiting[0][0]
    for ticket in evidence.confirmed.values():
        if (ticket.sequence or 0) > first:
            yield f"sequence {first} waits, sequence {ticket.sequence} has a seat"
    for expected, (sequence, position, _) in enumerate(waiting, start=1):
        if position not in (None, expected):
            yield f"sequence {sequence} is told position {position}, {expected} expected"


def cancellations_took_effect(evidence: Evidence) -> Iterator[str]:
    """Every cancellation was answered and ended its ticket; no other ticket was cancelled."""
    hasty = set(evidence.unsequenced)
    for one in evidence.seen.cancellations:
        name, ticket = short(one.ticket_id), evidence.tickets.get(one.ticket_id)
        if one.status != ACCEPTED:
            yield f"the cancellation of {name} was answered {one.status or 'never'} {one.code}".rstrip()
        elif ticket is not None and ticket.status not in (Status.CANCELLED, Status.REJECTED, Status.EXPIRED):
            yield f"{name} was cancelled and is {ticket.status}"
        if one.tries > 1:
            hasty.discard(one.ticket_id)
    for ticket_id in hasty:
        yield f"{short(ticket_id)} was cancelled, and the response said that there was nothing to cancel"
    for ticket_id in evidence.cancelled.keys() - evidence.cancellations.keys():
        yield f"{short(ticket_id)} is cancelled, and no cancellation was sent"


def no_status_ran_backwards(evidence: Evidence) -> Iterator[str]:
    """Between the two reads of a ticket its status changed as the contract allows, or not at all."""
    for ticket in evidence.seen.tickets:
        known = ticket.before in TRANSITIONS and ticket.status != ticket.before
        if known and ticket.status not in TRANSITIONS[Status(ticket.before)]:
            yield f"{short(ticket.ticket_id)} was {ticket.before}, then {ticket.status}"
