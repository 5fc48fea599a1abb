"""What a drop must come to: the rehearsal's naive model, with an organizer who changes sizes and ends the event.

Command  something that stands at a place in the event's order of admission, and what it does to the model
Claim    something that was true at some moment between two places, as a refusal at the door says it was
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from events.domain.states import Reason, Status
from rehearsal.records import Sizes
from rehearsal.replay import Replay

NO_TYPE = 0

ENDLESS = 1 << 60


class Model(Replay):
    """An event without ticket types, with groups.

    `held` are the tickets among `with_seats` whose seats are set aside first: of those that move up, and if `hold` is
    "all" also of those that get seats when they register. `verdicts` has the verdict on each change of sizes, in order;
    `coded` how many seats each ticket asked for that came with the access code.
    """

    def __init__(self, *, seats: int, waitlist: int, uses: int, hold: str = "") -> None:
        super().__init__({NO_TYPE: Sizes(seats, waitlist)})
        self.uses = uses
        self.coded: dict[str, int] = {}
        self.hold = hold
        self.held: set[str] = set()
        self._arriving: tuple[str, ...] = ()
        self.expired = 0
        self.closed = False
        self.verdicts: list[str] = []

    @property
    def size(self) -> Sizes:
        return self.sizes[NO_TYPE]

    @property
    def with_seats(self) -> dict[str, int]:
        """How many seats each ticket has."""
        return self.seated[NO_TYPE]

    @property
    def confirmed(self) -> int:
        """How many seats are taken and not only set aside."""
        return sum(seats for ticket, seats in self.with_seats.items() if ticket not in self.held)

    @property
    def in_line(self) -> dict[str, int]:
        """How many seats each ticket waits for, the first one first."""
        return self.waiting[NO_TYPE]

    @property
    def uses_taken(self) -> int:
        """How many seats the tickets of the access code have or wait for."""
        return sum(seats for ticket, seats in self.coded.items() if ticket in self.with_seats or ticket in self.in_line)

    def register_with_code(self, ticket: str, email: str, *, seats: int) -> None:
        """Admission has counted all that was admitted before, so no more come than the code is for."""
        assert self.uses_taken + seats <= self.uses, "a code let in more than it is for"
        self.coded[ticket] = seats
        self.register(ticket, email, seats=seats)

    def is_full(self, quantity: int) -> bool:
        """Whether the next to come would get neither so many seats nor so many positions on the waitlist."""
        return self._refusal("", NO_TYPE, quantity) is not None

    def register(self, ticket: str, email: str, *, type_id: int = NO_TYPE, seats: int = 1) -> None:
        """No one gets a seat of a cancelled event."""
        if self.closed:
            self._types[ticket] = type_id
            self.ends[ticket] = (Status.REJECTED, Reason.EVENT_CANCELLED)
        else:
            self._arriving = (ticket,)
            super().register(ticket, email, type_id=type_id, seats=seats)
            self._arriving = ()

    def promote(self, type_id: int) -> None:
        """No one moves up in a cancelled event."""
        if self.closed:
            return
        before = {*self.with_seats, *(() if self.hold == "all" else self._arriving)}
        super().promote(type_id)
        begun = [ticket for ticket in self.with_seats if self.hold and ticket not in before]
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
        waiting, self.waiting[NO_TYPE] = self.in_line, {} if over else self.in_line
        super().expire(ticket)
        self.waiting[NO_TYPE] = waiting
        self.held.discard(ticket)
        self.expired += 1

    def cancel(self, ticket: str, reason: Reason = Reason.BY_HOLDER) -> None:
        """Also of a ticket that is held."""
        self.held.discard(ticket)
        super().cancel(ticket, reason)

    def verdict(self, seats: int, waitlist: int) -> str:
        """The verdict on a change to these sizes now."""
        free, waiting = seats - sum(self.with_seats.values()), list(self.in_line.values())
        if free < 0:
            return "below_confirmed"
        while waiting and waiting[0] <= free and not self.closed:
            free -= waiting.pop(0)
        too_large = any(quantity > seats for quantity in self.in_line.values())
        return "below_waitlisted" if too_large or waitlist < sum(waiting) else "applied"

    def resize(self, seats: int | None, waitlist: int | None) -> None:
        """New sizes, or nothing if a guest would lose a place; None leaves one as it is."""
        seats = self.size.seats if seats is None else seats
        waitlist = self.size.waitlist if waitlist is None else waitlist
        self.verdicts.append(self.verdict(seats, waitlist))
        if self.verdicts[-1] == "applied":
            self.sizes = {NO_TYPE: Sizes(seats, waitlist)}
            self.promote(NO_TYPE)

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
