"""The seats of an event, and of each of its ticket types: counters as the ledger holds them.

An event without ticket types has one line of its own; one with types has a line for each, and its own counters are
their sums. All counters count seats. `..._companions` are the seats of groups beyond the first of each ticket, so
`waitlisted - waitlisted_companions` is the number of tickets that wait. Held seats are set aside for a while
(`events.domain.holds`), and count as taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from events.domain.holds import HoldTerms

MAX_CAPACITY = 10_000_000  # seats of an event, and of each of its ticket types
MAX_QUANTITY = 20
NEVER = 1 << 62
# The line of an event without ticket types, and the type of its tickets.
NO_TYPE = 0
# A ticket type's id is `<event id> * TYPES_OF_AN_EVENT + <its number in the event>`: an id alone tells whose it is.
TYPES_OF_AN_EVENT = 1000


def type_id_of(event_id: int, number: int) -> int:
    """Builds the id of an event's ticket type, the `number`-th that it ever had."""
    return event_id * TYPES_OF_AN_EVENT + number


def type_number(type_id: int) -> int:
    """Returns a ticket type's number in its event; 0 for `NO_TYPE`."""
    return type_id % TYPES_OF_AN_EVENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The seats of one line. `held` are set aside for a while and count as taken.

    `head_quantity` is what the first ticket on the waitlist asks for: fewer seats than that are free. It is 1 while
    nothing waits.
    """

    capacity: int
    confirmed: int
    held: int = 0
    waitlist_capacity: int = 0
    waitlisted: int = 0
    confirmed_companions: int = 0
    waitlisted_companions: int = 0
    head_quantity: int = 1
    held_companions: int = 0

    @property
    def free(self) -> int:
        """Seats that are not taken, those kept for a waiting group included."""
        return self.capacity - self.confirmed - self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats(Counters):
    """An event's counters before or after a batch. A command admitted at `ends_ms` or later changes no seat.

    A cancellation admitted at `cancel_until_ms` or later takes no seat from its holder, unless it is exempt.
    `hold` says which seats are held first, for how long; `over` that a hold ended after the event did, and its seats
    went to no one. `types` has the counters of each ticket type by id, in order; `used_types` are those with decided
    tickets.
    """

    cancelled: bool = False
    ends_ms: int = NEVER
    cancel_until_ms: int = NEVER
    types: Mapping[int, Counters] = field(default_factory=dict)
    used_types: frozenset[int] = frozenset()
    hold: HoldTerms | None = None
    # For how long a registration waits for the proof of its address; 0: none is wanted.
    proof_seconds: int = 0
    over: bool = False
    # When the draw is, while it is still to be held, and whether no one can enter any more; whether it has been held;
    # seats that entries ask for.
    draw_ms: int | None = None
    sealed: bool = False
    drawn: bool = False
    entered: int = 0
    entered_companions: int = 0

    def with_counters(self, line: Counters) -> Seats:
        """Returns the same with the counters of `line`."""
        counters: dict[str, Any] = {name: getattr(line, name) for name in Counters.__slots__}
        return replace(self, **counters)


def left(seats: Seats) -> int:
    """Counts the seats and the positions on waitlists that the next to come can get. Kept seats count as taken."""
    lines = seats.types.values() or (seats,)
    return sum((0 if line.waitlisted else line.free) + line.waitlist_capacity - line.waitlisted for line in lines)


def total(lines: Mapping[int, Counters]) -> Counters:
    """Sums the counters of ticket types up. The event itself has no line then, and no head."""
    summed = (name for name in Counters.__slots__ if name != "head_quantity")
    return Counters(**{name: sum(getattr(line, name) for line in lines.values()) for name in summed})
