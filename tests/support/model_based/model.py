"""What a drop must come to: the rehearsal's naive model, with an organizer who changes sizes and types, adds and
corrects guests, and ends the event.

Command  something that stands at a place in the event's order of admission, and what it does to the model
Claim    something that was true at some moment between two places, as a refusal at the door says it was
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

from events.domain.states import Reason, Status
from rehearsal.records import Sizes
from rehearsal.replay import Replay

NO_TYPE = 0

ENDLESS = 1 << 60


class Model(Replay):
    """An event with groups, and with ticket types or without.

    `held` are the tickets among `seated` whose seats are set aside first: of those that move up, and if `hold` is "all"
    also of those that get seats when they register. `verdicts` has the verdict on each change of sizes and types, in
    order, `judged` that on each correction; `coded` how many seats each ticket asked for that came with the access
    code; `used` the ticket types that were ever asked for in vain or not.
    """

    def __init__(self, sizes: Mapping[int, Sizes], *, uses: int, hold: str = "") -> None:
        super().__init__(dict(sizes))
        self.uses = uses
        self.coded: dict[str, int] = {}
        self.hold = hold
        self.held: set[str] = set()
        self.used: set[int] = set()
        self._arriving: tuple[str, ...] = ()
        self.expired = 0
        self.closed = False
        self.verdicts: list[str] = []
        self.judged: list[str] = []

    @property
    def with_seats(self) -> dict[str, int]:
        """How many seats each ticket has."""
        return {ticket: seats for line in self.seated.values() for ticket, seats in line.items()}

    @property
    def in_line(self) -> dict[str, int]:
        """How many seats each ticket waits for, of each type the first one first."""
        return {ticket: seats for line in self.waiting.values() for ticket, seats in line.items()}

    @property
    def uses_taken(self) -> int:
        """How many seats the tickets of the access code have or wait for."""
        holding = {*self.with_seats, *self.in_line}
        return sum(seats for ticket, seats in self.coded.items() if ticket in holding)

    def counts(self, type_id: int) -> tuple[int, int, int]:
        """Seats of a type, or of the event without types: confirmed, held, and waited for."""
        seated = self.seated[type_id]
        held = sum(seats for ticket, seats in seated.items() if ticket in self.held)
        return sum(seated.values()) - held, held, sum(self.waiting[type_id].values())

    def email_of(self, ticket: str) -> str:
        """The ticket's e-mail as it was corrected last."""
        return self._emails[ticket]

    def line_of(self, type_id: int) -> int | None:
        """The type that one gets who asks for this one, or for none; None if there is no such, or it must be said."""
        if type_id in self.sizes:
            return type_id
        return next(iter(self.sizes)) if type_id == NO_TYPE and len(self.sizes) == 1 else None

    def register_with_code(self, ticket: str, email: str, *, type_id: int, seats: int) -> None:
        """Admission has counted all that was admitted before, so no more come than the code is for."""
        assert self.uses_taken + seats <= self.uses, "a code let in more than it is for"
        self.coded[ticket] = seats
        self.register(ticket, email, type_id=type_id, seats=seats)

    def is_full(self, type_id: int, quantity: int) -> bool:
        """Whether the next to come would get neither so many seats nor so many positions on the waitlist."""
        line = self.line_of(type_id)
        return line is not None and self._refusal("", line, quantity) is not None

    def register(self, ticket: str, email: str, *, type_id: int = NO_TYPE, seats: int = 1) -> None:
        """No one gets a seat of a cancelled event, or of a type that is not sold any more."""
        self.used.add(type_id)
        if self.closed:
            self.ends[ticket] = (Status.REJECTED, Reason.EVENT_CANCELLED)
        elif type_id not in self.sizes:
            self.ends[ticket] = (Status.REJECTED, Reason.REGISTRATION_CLOSED)
        else:
            self._arriving = (ticket,)
            super().register(ticket, email, type_id=type_id, seats=seats)
            self._arriving = ()

    def add(self, ticket: str, email: str, *, type_id: int, seats: int) -> None:
        """A guest beyond the capacity: what is missing of it is added, and those who wait go on waiting."""
        if self.closed or type_id not in self.sizes or email.casefold() in self.holders:
            self.register(ticket, email, type_id=type_id, seats=seats)
            return
        self.used.add(type_id)
        size, waiting = self.sizes[type_id], self.waiting[type_id]
        free = 0 if waiting else self._free(type_id)
        self._resize({**self.sizes, type_id: Sizes(size.seats + max(0, seats - free), size.waitlist)})
        self.waiting[type_id] = {}
        waited_for, self._waited_for[type_id] = self._waited_for[type_id], 0
        self.register(ticket, email, type_id=type_id, seats=seats)
        self.waiting[type_id], self._waited_for[type_id] = waiting, waited_for

    def _refusal(self, email: str, type_id: int, seats: int) -> Reason | None:
        """A group that would never get its seats does not wait for them."""
        reason = super()._refusal(email, type_id, seats)
        return Reason.SOLD_OUT if reason is None and seats > self.sizes[type_id].seats else reason

    def promote(self, type_id: int) -> None:
        """No one moves up in a cancelled event."""
        if self.closed:
            return
        before = {*self.with_seats, *(() if self.hold == "all" else self._arriving)}
        super().promote(type_id)
        begun = [ticket for ticket in self.seated[type_id] if self.hold and ticket not in before]
        self.held.update(begun)
        self.ends.update(dict.fromkeys(begun, (Status.HELD, None)))

    def confirm(self, ticket: str) -> None:
        """A confirmation that was taken in means confirmed, unless the event is cancelled before its turn."""
        assert ticket in self.held or self.closed, "a confirmation was taken in of a ticket that is not held"
        if ticket in self.held:
            self.held.discard(ticket)
            self.ends[ticket] = (Status.CONFIRMED, None)

    def expire(self, ticket: str, *, over: bool = False) -> None:
        """The seats go to the next in line, or to no one once the event is over."""
        if self.closed or ticket not in self.held:
            return
        type_id = self._types[ticket]
        waiting, self.waiting[type_id] = self.waiting[type_id], {} if over else self.waiting[type_id]
        super().expire(ticket)
        self.waiting[type_id] = waiting
        self.held.discard(ticket)
        self.expired += 1

    def cancel(self, ticket: str, reason: Reason = Reason.BY_HOLDER) -> None:
        """Also of a ticket that is held."""
        self.held.discard(ticket)
        super().cancel(ticket, reason)

    def correct(self, ticket: str, email: str) -> None:
        """A new e-mail, unless another holds it."""
        self.judged.append(self._correct(ticket, email.casefold()))

    def _correct(self, ticket: str, email: str) -> str:
        if ticket not in self.with_seats and ticket not in self.in_line:
            return "no_seat"
        if self.holders.get(email, ticket) != ticket:
            return "duplicate"
        del self.holders[self._emails[ticket]]
        self._emails[ticket], self.holders[email] = email, ticket
        return "applied"

    def verdict(self, wanted: Mapping[int, Sizes]) -> str:
        """The verdict on a change to these sizes now. A type that is not among them is to go."""
        if self.used & (self.sizes.keys() - wanted.keys()):
            return "type_in_use"
        kept = {type_id: wanted[type_id] for type_id in wanted if type_id in self.sizes}
        if any(size.seats < sum(self.seated[type_id].values()) for type_id, size in kept.items()):
            return "below_confirmed"
        fit = all(self._waitlist_fits(type_id, size) for type_id, size in kept.items())
        return "applied" if fit else "below_waitlisted"

    def _waitlist_fits(self, type_id: int, size: Sizes) -> bool:
        free, waiting = size.seats - sum(self.seated[type_id].values()), list(self.waiting[type_id].values())
        too_large = any(quantity > size.seats for quantity in waiting)
        while waiting and waiting[0] <= free and not self.closed:
            free -= waiting.pop(0)
        return not too_large and size.waitlist >= sum(waiting)

    def change(self, wanted: Mapping[int, Sizes]) -> None:
        """New sizes, or nothing if a guest would lose a place."""
        self.verdicts.append(self.verdict(wanted))
        if self.verdicts[-1] == "applied":
            self._resize(wanted)
            for type_id in wanted:
                self.promote(type_id)

    def _resize(self, wanted: Mapping[int, Sizes]) -> None:
        self.sizes = dict(wanted)
        for type_id in wanted:
            self.seated.setdefault(type_id, {})
            self.waiting.setdefault(type_id, {})
            self._taken.setdefault(type_id, 0)
            self._waited_for.setdefault(type_id, 0)

    def refuse(self) -> None:
        """From here on, no one gets a seat."""
        self.closed = True

    def close(self) -> None:
        """The event's tickets are cancelled."""
        for ticket in [*self.with_seats, *self.in_line]:
            self.cancel(ticket, Reason.EVENT_CANCELLED)


@dataclass(frozen=True)
class Command:
    """Does `act` at `place`; half a place is between two."""

    place: float
    act: Callable[[Model], None]


@dataclass(frozen=True, eq=False)
class Claim:
    """`holds` of some moment from the place `low`, which the stores had reached, to `high`, the last one given out."""

    low: int
    high: int
    holds: Callable[[Model], bool]
    text: str


def carry_out(model: Model, commands: Sequence[Command], claims: Sequence[Claim]) -> list[str]:
    """Carries `commands` out in their order, and returns the text of every claim that was never true.

    What happened between two places may have been before or after what was seen at the first of them.
    """
    open_claims = list(claims)
    due = [Command(0, lambda _: None), *sorted(commands, key=lambda command: command.place)]
    for number, command in enumerate(due):
        command.act(model)
        since = floor(command.place)
        until = ceil(due[number + 1].place) - 1 if number + 1 < len(due) else ENDLESS
        open_claims = [c for c in open_claims if c.high < since or until < c.low or not c.holds(model)]
    return [claim.text for claim in open_claims]
