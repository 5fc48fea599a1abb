"""A naive model of an event: carries commands out one by one, without batches, crashes or Redis.

Given all registrations and cancellations in the order of admission, it computes how each ticket must end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from events.domain.states import Reason, Status

# Where a ticket stands: its status, and the reason if it was rejected or cancelled.
End = tuple[Status, Reason | None]


class Replay:
    """`ends` says where every ticket stands, `waiting` who is on the waitlist, first come first."""

    def __init__(self, *, seats: int, waitlist: int) -> None:
        self.seats, self.waitlist = seats, waitlist
        self.ends: dict[str, End] = {}
        self.holders: dict[str, str] = {}  # folded e-mail -> the ticket with a seat or a waitlist position under it
        self.seated: set[str] = set()
        self.waiting: dict[str, None] = {}
        self._emails: dict[str, str] = {}

    def register(self, ticket: str, email: str) -> None:
        """Carries a registration out."""
        self._emails[ticket] = email.casefold()
        reason = self._refusal(email.casefold())
        if reason is not None:
            self.ends[ticket] = (Status.REJECTED, reason)
            return
        self.holders[email.casefold()] = ticket
        if len(self.seated) < self.seats:
            self._seat(ticket)
        else:
            self.waiting[ticket] = None
            self.ends[ticket] = (Status.WAITLISTED, None)

    def cancel(self, ticket: str, reason: Reason = Reason.BY_HOLDER) -> None:
        """Carries a cancellation out. Does nothing if the ticket has neither seat nor waitlist position."""
        if ticket not in self.seated and ticket not in self.waiting:
            return
        self.seated.discard(ticket)
        self.waiting.pop(ticket, None)
        self.holders.pop(self._emails[ticket], None)
        self.ends[ticket] = (Status.CANCELLED, reason)
        self.promote()

    def promote(self) -> None:
        """Gives free seats to the first on the waitlist."""
        while self.waiting and len(self.seated) < self.seats:
            ticket = next(iter(self.waiting))
            del self.waiting[ticket]
            self._seat(ticket)

    def _seat(self, ticket: str) -> None:
        self.seated.add(ticket)
        self.ends[ticket] = (Status.CONFIRMED, None)

    def _refusal(self, email: str) -> Reason | None:
        if email in self.holders:
            return Reason.DUPLICATE
        full = len(self.seated) >= self.seats and len(self.waiting) >= self.waitlist
        return Reason.SOLD_OUT if full else None


def replay(
    *, seats: int, waitlist: int, registrations: Iterable[tuple[int, str, str]], cancellations: Mapping[int, str]
) -> dict[str, End]:
    """Returns the status and reason that every ticket must end with.

    Args:
        registrations: sequence, ticket, e-mail.
        cancellations: sequence → ticket.
    """
    model = Replay(seats=seats, waitlist=waitlist)
    commands: list[tuple[int, str, str | None]] = [*registrations]
    commands += [(sequence, ticket, None) for sequence, ticket in cancellations.items()]
    for _, ticket, email in sorted(commands, key=lambda command: command[0]):
        if email is None:
            model.cancel(ticket)
        else:
            model.register(ticket, email)
    return model.ends
