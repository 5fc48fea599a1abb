"""Where cancellations stood in the order of admission whose answer was lost with a connection.

Such a cancellation is asked for again, and by then it may be done, so that the service says only that there is
nothing left to cancel. But every place is given out once: it had one of those that nobody else is known to have, behind
what was answered before it was sent, before what was sent when it was answered, and in the batch whose moment its
ticket carries. That leaves a handful of orders, and mostly they all come to the same end.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from events.domain.states import Status
from rehearsal.evidence import Cancellation, Evidence
from rehearsal.records import Ticket

GUESSES = 100
# The moment of a ticket in these is that of its own decision: nobody moved it later.
_DECIDED_ONCE = {Status.REJECTED, Status.WAITLISTED}


class _Anchor(NamedTuple):
    """Something whose place is known."""

    place: int
    sent_at: float
    answered_at: float
    decided_ms: float | None


class _Window(NamedTuple):
    """The place is greater than `low` and less than `high`."""

    low: float
    high: float


def orders(evidence: Evidence) -> Iterator[dict[int, str]]:
    """Cancellations as place → ticket: the one order there is, or up to `GUESSES` that can have been."""
    known = {c.place: ticket for ticket, c in evidence.cancellations.items() if c.place is not None}
    if not evidence.unplaced:
        yield known
        return
    anchors = _anchors(evidence)
    windows = {t: _window(evidence.tickets[t], c, anchors) for t, c in evidence.unplaced.items()}
    taken = {anchor.place for anchor in anchors}
    low, high = min(w.low for w in windows.values()), min(max(w.high for w in windows.values()), max(taken) + 1)
    free = [place for place in range(int(low) + 1, int(high)) if place not in taken]
    # Behind the last known place there may be more.
    free += range(max(taken) + 1, max(taken) + 1 + len(windows))
    for guess in range(GUESSES):
        yield known | _filled(free, windows, Random(guess) if guess else None)  # noqa: S311 - no secret


def _filled(free: list[int], windows: dict[str, _Window], random: Random | None) -> dict[int, str]:
    """Free places given to cancellations: in the first guess to the one that must come first, then by lot."""
    left, found = dict(windows), {}
    for place in free:
        fitting = sorted((w.high, t) for t, w in left.items() if w.low < place < w.high)
        if fitting:
            ticket = (random.choice(fitting) if random else fitting[0])[1]
            found[place] = ticket
            del left[ticket]
    return found


def _anchors(evidence: Evidence) -> list[_Anchor]:
    found = [
        _Anchor(s, a.first_sent_at, a.answered_at, t.decided_ms if t.status in _DECIDED_ONCE else None)
        for a, t, s in evidence.sequenced
    ]
    for ticket_id, cancellation in evidence.cancellations.items():
        place, sent_at, answered_at = cancellation
        if place is not None:
            done = evidence.cancelled.get(ticket_id)
            found.append(_Anchor(place, sent_at, answered_at, done.decided_ms if done else None))
    return found


def _window(ticket: Ticket, lost: Cancellation, anchors: list[_Anchor]) -> _Window:
    low, high = float(ticket.sequence or 0), float("inf")
    for anchor in anchors:
        if anchor.answered_at < lost.first_sent_at or _before(anchor.decided_ms, ticket.decided_ms):
            low = max(low, anchor.place)
        if anchor.sent_at > lost.answered_at or _before(ticket.decided_ms, anchor.decided_ms):
            high = min(high, anchor.place)
    return _Window(low, high)


def _before(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one < other
