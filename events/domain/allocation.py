"""Who gets a seat: a pure function from the event's counters and the next commands to decisions.

The drain calls it under the event's row lock with the oldest entries of the queue, so order of admission is order
of decision and capacity can never race. The database's constraints hold the same invariants a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

import msgspec

from events.domain.states import Reason, Status


# A batch makes thousands of these: msgspec's structs are made in C, at a tenth of a frozen dataclass's cost.
class Request(msgspec.Struct, frozen=True):
    """One admitted registration. `sequence` is its place in the event's order of admission."""

    key: str
    name: str
    email: str
    email_key: str
    sequence: int
    requested_ms: int
    email_digest: str = ""
    body_digest: str = ""


class Decision(msgspec.Struct, frozen=True):
    """What became of a request."""

    request: Request
    status: Status
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """The event's counters before or after a batch. Invariant: `confirmed <= capacity`."""

    capacity: int
    confirmed: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Allocation:
    """The decisions of one batch, in order of admission, and the counters they lead to."""

    decisions: Sequence[Decision]
    confirmed: int
    rejected: dict[Reason, int] = field(default_factory=dict)


def allocate(*, seats: Seats, requests: Iterable[Request], taken: Set[str]) -> Allocation:
    """Decides `requests` in the order given.

    Args:
        seats: the event's counters as the ledger holds them, under its row lock.
        requests: the next requests in order of admission, none of them decided before.
        taken: the `email_key`s among them that already hold a seat.
    """
    holders = set(taken)
    confirmed = seats.confirmed
    decisions: list[Decision] = []
    rejected: dict[Reason, int] = {}
    for request in requests:
        reason = _refusal(seats=seats, confirmed=confirmed, duplicate=request.email_key in holders)
        if reason is None:
            confirmed += 1
            holders.add(request.email_key)
            decisions.append(Decision(request, Status.CONFIRMED))
        else:
            rejected[reason] = rejected.get(reason, 0) + 1
            decisions.append(Decision(request, Status.REJECTED, reason))
    return Allocation(decisions, confirmed, rejected)


def _refusal(*, seats: Seats, confirmed: int, duplicate: bool) -> Reason | None:
    if seats.cancelled:
        return Reason.EVENT_CANCELLED
    if duplicate:
        return Reason.DUPLICATE
    return Reason.SOLD_OUT if confirmed >= seats.capacity else None
