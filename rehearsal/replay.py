"""A naive model of an event: carries commands out one by one, without batches, crashes or Redis.

Given all registrations and cancellations in the order of admission, it computes how each ticket must end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from events.domain.states import Reason, Status
from rehearsal.records import Sizes

# Where a ticket stands: its status, and the reason if it was rejected or cancelled.
End = tuple[Status, Reason | None]


class Replay:
    """`ends` says where every ticket stands, `waiting` who is on each waitlist, first come first.

    `sizes` has the seats and the waitlist of each ticket type by id; of 0 for an event without types.
    """

    def __init__(self, sizes: Mapping[int, Sizes]) -> None:
        self.sizes = sizes
        self.ends: dict[str, End] = {}
        self.holders: dict[str, str] = {}  # folded e-mail -> the ticket with a seat or a waitlist position under it
        self.seated: dict[int, dict[str, int]] = {type_id: {} for type_id in sizes}  # ticket -> how many seats
        self.waiting: dict[int, dict[str, int]] = {type_id: {} for type_id in sizes}
        self._taken = dict.fromkeys(sizes, 0)
        self._waited_for = dict.fromkeys(sizes, 0)
        self._emails: dict[str, str] = {}
        self._types: dict[str, int] = {}

    def register(self, ticket: str, email: str, *, type_id: int = 0, seats: int = 1) -> None:
        """Carries a registration out: all its seats, or none."""
        self._emails[ticket], self._types[ticket] = email.casefold(), type_id
        reason = self._refusal(email.casefold(), type_id, seats)
        if reason is not None:
            self.ends[ticket] = (Status.REJECTED, reason)
            return
        self.holders[email.casefold()] = ticket
        self.waiting[type_id][ticket] = seats
        self._waited_for[type_id] += seats
        self.ends[ticket] = (Status.WAITLISTED, None)
        self.promote(type_id)

    def cancel(self, ticket: str, reason: Reason = Reason.BY_HOLDER) -> None:
        """Carries a cancellation out. Does nothing if the ticket has neither seat nor waitlist position."""
        type_id = self._types.get(ticket)
        if type_id is None or (ticket not in self.seated[type_id] and ticket not in self.waiting[type_id]):
            return
        self._taken[type_id] -= self.seated[type_id].pop(ticket, 0)
        self._waited_for[type_id] -= self.waiting[type_id].pop(ticket, 0)
        self.holders.pop(self._emails[ticket], None)
        self.ends[ticket] = (Status.CANCELLED, reason)
        self.promote(type_id)

    def expire(self, ticket: str) -> None:
        """Carries the end of a hold out: the seats go to the next in line."""
        type_id = self._types.get(ticket)
        if type_id is None or ticket not in self.seated[type_id]:
            return
        self._taken[type_id] -= self.seated[type_id].pop(ticket)
        self.holders.pop(self._emails[ticket], None)
        self.ends[ticket] = (Status.EXPIRED, None)
        self.promote(type_id)

    def promote(self, type_id: int) -> None:
        """Gives free seats to the first on the waitlist, once they suffice for it: no one passes."""
        waiting = self.waiting[type_id]
        while waiting and next(iter(waiting.values())) <= self._free(type_id):
            ticket = next(iter(waiting))
            seats = self.seated[type_id][ticket] = waiting.pop(ticket)
            self._taken[type_id] += seats
            self._waited_for[type_id] -= seats
            self.ends[ticket] = (Status.CONFIRMED, None)

    def _free(self, type_id: int) -> int:
        return self.sizes[type_id].seats - self._taken[type_id]

    def _refusal(self, email: str, type_id: int, seats: int) -> Reason | None:
        if email in self.holders:
            return Reason.DUPLICATE
        if not self.waiting[type_id] and seats <= self._free(type_id):
            return None
        full = self._waited_for[type_id] + seats > self.sizes[type_id].waitlist
        return Reason.SOLD_OUT if full else None


class Asked(NamedTuple):
    """A registration as it was admitted: its sequence, its ticket, and what it asked for."""

    sequence: int
    ticket: str
    email: str
    type_id: int = 0
    seats: int = 1


def replay(
    sizes: Mapping[int, Sizes],
    *,
    registrations: Iterable[Asked],
    cancellations: Mapping[int, str],
    expiries: Iterable[tuple[float, str]] = (),
) -> dict[str, End]:
    """Returns the status and reason that every ticket must end with. What is set aside is paid unless it expires.

    Args:
        cancellations: tickets by sequence.
        expiries: tickets with their places in the order, between sequences.
    """
    model = Replay(sizes)
    commands: list[tuple[float, Callable[[], None]]] = [
        (one.sequence, partial(model.register, one.ticket, one.email, type_id=one.type_id, seats=one.seats))
        for one in registrations
    ]
    commands += [(sequence, partial(model.cancel, ticket)) for sequence, ticket in cancellations.items()]
    commands += [(place, partial(model.expire, ticket)) for place, ticket in expiries]
    for _, carry_out in sorted(commands, key=lambda command: command[0]):
        carry_out()
    return model.ends
