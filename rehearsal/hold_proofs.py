"""Proofs about seats that are set aside for a while. Each yields contradictions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random

from events.domain.states import Status
from rehearsal.evidence import Evidence, short
from rehearsal.records import Ticket

GUESSES = 50
# After a hold was confirmed its ticket has its seat, unless it was given back.
_SEATED = (Status.CONFIRMED, Status.CANCELLED)


def every_hold_ended_once(evidence: Evidence) -> Iterator[str]:
    """No seat is set aside any more: what was paid in time is confirmed, what was not has expired, and not early."""
    for _, ticket in evidence.admitted:
        problem = _ended_wrongly(evidence, ticket)
        if problem:
            yield f"{short(ticket.ticket_id)} {problem}"


def no_one_passed(evidence: Evidence) -> Iterator[str]:
    """Within a type, seats were set aside in the order of admission, and the first in line got those that came back."""
    for line in evidence.lines:
        begun = [(s, t.expires_ms) for _, t, s in line.holders if t.expires_ms is not None]
        for (sequence, expires_ms), (later, later_ms) in pairwise(begun):
            if later_ms < expires_ms:
                yield f"sequence {later} had its seat set aside before sequence {sequence}"
        waiting = min((t.sequence or 0 for t in line.waitlisted.values()), default=None)
        if waiting is not None and begun and begun[-1][0] > waiting:
            yield f"sequence {waiting} waits, sequence {begun[-1][0]} had a seat set aside"


def expiry_orders(evidence: Evidence) -> Iterator[list[tuple[float, str]]]:
    """Yields where in the order of admission the holds may have run out, as (place, ticket).

    No answer says it: after all who registered before the hold's end, before all who did after the seat had gone, and
    before its own cancellation. Mostly everyone has registered by then, and there is one order.
    """
    arrivals = sorted((t.requested_ms, s) for _, t, s in evidence.sequenced if t.requested_ms is not None)
    windows = {t.ticket_id: _window(evidence, t, arrivals) for t in evidence.expired.values()}
    in_order = sorted(windows, key=lambda ticket: (evidence.tickets[ticket].expires_ms or 0, ticket))
    open_ones = any(high - low > 1 for low, high in windows.values())
    yield [(windows[ticket][0] + 0.5, ticket) for ticket in in_order]
    if open_ones:
        yield [(windows[ticket][1] - 0.5, ticket) for ticket in in_order]
        for guess in range(GUESSES):
            random = Random(guess)  # noqa: S311 - no secret
            yield [(random.uniform(*windows[ticket]), ticket) for ticket in in_order]


def _window(evidence: Evidence, ticket: Ticket, arrivals: list[tuple[float, int]]) -> tuple[float, float]:
    expires_ms, decided_ms = ticket.expires_ms or 0.0, ticket.decided_ms or float("inf")
    low = max((float(s) for asked_ms, s in arrivals if asked_ms < expires_ms), default=0.0)
    last = max((float(s) for _, s in arrivals), default=low)
    high = min((float(s) for asked_ms, s in arrivals if asked_ms > decided_ms), default=last + 1)
    cancellation = evidence.cancellations.get(ticket.ticket_id)
    if cancellation is not None and cancellation.sequence is not None and cancellation.sequence <= low:
        return cancellation.sequence - 1.0, float(cancellation.sequence)
    return low, max(high, low + 1)


def _ended_wrongly(evidence: Evidence, ticket: Ticket) -> str:
    """Says what is wrong with a ticket's end; empty if nothing is."""
    told = evidence.confirmations.get(ticket.ticket_id, [])
    paid = [one.accepted for one in told]
    if ticket.status == Status.HELD:
        return "is still held"
    if ticket.status == Status.EXPIRED and any(paid):
        return "was paid in time, and has expired"
    if ticket.status == Status.EXPIRED and (ticket.decided_ms or 0) < (ticket.expires_ms or float("inf")):
        return "has expired before its time was over"
    if ticket.status == Status.CONFIRMED and evidence.seen.hold and not any(paid):
        return "is confirmed, and was not paid"
    if any(paid) and ticket.status not in _SEATED:
        return f"was paid in time, and is {ticket.status}"
    if any(paid) and not all(paid) and ticket.ticket_id not in evidence.cancellations:
        return "was confirmed, and the same payment was refused another time"
    return ""
