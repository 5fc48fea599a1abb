"""What tickets in line were told of their chances: `unlikely`."""

from __future__ import annotations

from collections.abc import Iterator

from events.domain.states import Status
from rehearsal.evidence import Evidence
from rehearsal.records import Ticket

_SEATED = {Status.CONFIRMED, Status.HELD}


def no_seat_was_called_unlikely(evidence: Evidence) -> Iterator[str]:
    """No ticket that was told in line that a seat is unlikely got one."""
    if frees_seats(evidence):
        return
    for ticket in _seated(evidence):
        yield f"sequence {ticket.sequence} was told that a seat is unlikely, and is {ticket.status}"


def share_of_unlikely(evidence: Evidence) -> str:
    """Says how many were told so, and where seats become free, how many of them got one all the same."""
    told = sum(ticket.unlikely for ticket in evidence.seen.tickets)
    if not told or not frees_seats(evidence):
        return f" That was said to {told}."
    got = len(_seated(evidence))
    return f" Seats became free here: of {told} who were told so, {got} got one ({got / told:.1%})."


def frees_seats(evidence: Evidence) -> bool:
    """Tells whether seats could become free again: they were held first, or some were given back."""
    return evidence.seen.hold > 0 or bool(evidence.seen.cancellations)


def _seated(evidence: Evidence) -> list[Ticket]:
    return [ticket for ticket in evidence.seen.tickets if ticket.unlikely and ticket.status in _SEATED]
