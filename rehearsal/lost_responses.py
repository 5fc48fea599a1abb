"""Finds possible sequences of cancellations whose response was lost with a connection.

Such a cancellation is repeated, and if it is done by then, the service only says that there is nothing to cancel. But
each sequence is used once: the cancellation has one that no other command is known to have, after those that were
answered before it was sent, before those that were sent after it was answered, and in the batch with its ticket's
`decided_at`. That leaves few orders, and mostly they all lead to the same result.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from events.domain.states import Status
from rehearsal.evidence import Cancellation, Evidence
from rehearsal.records import Ticket

GUESSES = 100
# For these statuses, a ticket's `decided_at` is its first decision: it was not moved later.
_DECIDED_ONCE = {Status.REJECTED, Status.WAITLISTED}


class _Anchor(NamedTuple):
    """A command whose sequence is known."""

    sequence: int
    sent_at: float
    answered_at: float
    decided_ms: float | None


class _Window(NamedTuple):
    """The sequence is greater than `low` and less than `high`."""

    low: float
    high: float


def orders(evidence: Evidence) -> Iterator[dict[int, str]]:
    """Yields cancellations as sequence → ticket: the only order, or up to `GUESSES` possible ones."""
    known = {c.sequence: ticket for ticket, c in evidence.cancellations.items() if c.sequence is not None}
    if not evidence.unsequenced:
        yield known
        return
    anchors = _anchors(evidence)
    windows = {t: _window(evidence.tickets[t], c, anchors) for t, c in evidence.unsequenced.items()}
    taken = {anchor.sequence for anchor in anchors}
    low, high = min(w.low for w in windows.values()), min(max(w.high for w in windows.values()), max(taken) + 1)
    free = [sequence for sequence in range(int(low) + 1, int(high)) if sequence not in taken]
    # There may be more after the last known sequence.
    free += range(max(taken) + 1, max(taken) + 1 + len(windows))
    for guess in range(GUESSES):
        yield known | _filled(free, windows, Random(guess) if guess else None)  # noqa: S311 - no secret


def _filled(free: list[int], windows: dict[str, _Window], random: Random | None) -> dict[int, str]:
    """Assigns free sequences to cancellations: to the one with the least upper bound, or at random."""
    left, found = dict(windows), {}
    for sequence in free:
        fitting = sorted((w.high, t) for t, w in left.items() if w.low < sequence < w.high)
        if fitting:
            ticket = (random.choice(fitting) if random else fitting[0])[1]
            found[sequence] = ticket
            del left[ticket]
    return found


def _anchors(evidence: Evidence) -> list[_Anchor]:
    found = [
        _Anchor(s, a.first_sent_at, a.answered_at, t.decided_ms if t.status in _DECIDED_ONCE else None)
        for a, t, s in evidence.sequenced
    ]
    for ticket_id, cancellation in evidence.cancellations.items():
        sequence, sent_at, answered_at = cancellation
        if sequence is not None:
            done = evidence.cancelled.get(ticket_id)
            found.append(_Anchor(sequence, sent_at, answered_at, done.decided_ms if done else None))
    return found


def _window(ticket: Ticket, lost: Cancellation, anchors: list[_Anchor]) -> _Window:
    low, high = float(ticket.sequence or 0), float("inf")
    for anchor in anchors:
        if anchor.answered_at < lost.first_sent_at or _before(anchor.decided_ms, ticket.decided_ms):
            low = max(low, anchor.sequence)
        if anchor.sent_at > lost.answered_at or _before(ticket.decided_ms, anchor.decided_ms):
            high = min(high, anchor.sequence)
    return _Window(low, high)


def _before(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one < other
