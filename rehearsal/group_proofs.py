"""Proofs about tickets for several seats, and about ticket types. Each yields contradictions."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.evidence import Evidence, seats_of, short


def groups_fit(evidence: Evidence) -> Iterator[str]:
    """No more than there is. How much of it groups fill depends on their order, which the replay checks."""
    taken, waited_for = seats_of(evidence.confirmed.values()), seats_of(evidence.waitlisted.values())
    if taken > evidence.seen.seats or waited_for > evidence.seen.waitlist:
        yield f"{taken} seats taken of {evidence.seen.seats}, {waited_for} waited for of {evidence.seen.waitlist}"


def no_group_is_split(evidence: Evidence) -> Iterator[str]:
    """Every ticket, and every line of the attendee list, is for the seats and the type that were asked for."""
    listed = {attendee.reference: attendee for attendee in evidence.seen.attendees}
    for result, ticket in evidence.admitted:
        asked = (result.type_id, result.seats)
        if (ticket.type_id, ticket.seats) != asked:
            yield f"{short(ticket.ticket_id)} is for {ticket.seats} seats of type {ticket.type_id}, {asked} asked for"
        row = listed.get(short(ticket.ticket_id))
        if row is not None and (int(row.ticket_type or 0), row.quantity) != asked:
            yield f"{row.reference} is listed with {row.quantity} seats of type {row.ticket_type or 0}"


def seats_left(line: Evidence) -> int:
    """Counts the seats for the next to come: those that are kept for a waiting group are taken."""
    taken = seats_of([*line.confirmed.values(), *line.held.values()])
    return 0 if line.waitlisted else line.seen.seats - taken
