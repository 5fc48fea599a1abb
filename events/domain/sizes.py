"""New sizes for an event's lines, and whether they may be set. All or nothing: all lines are judged first."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from events.domain.allocation import Sizing
from events.domain.commands import Resize
from events.domain.line import Line, Tickets
from events.domain.seats import NO_TYPE, Counters
from events.domain.states import Status


@dataclass(frozen=True, slots=True)
class NewSizes:
    """What a line is to have."""

    capacity: int
    waitlist_capacity: int

    def new_line(self) -> Line:
        """Makes a line of which nothing is taken."""
        return Line(Counters(capacity=self.capacity, confirmed=0, waitlist_capacity=self.waitlist_capacity))


def asked_sizes(resize: Resize, lines: Mapping[int, Line]) -> dict[int, NewSizes]:
    """Returns the sizes of every line after `resize`, by ticket type. A type that is not among them is to go.

    Sizes for the event as a whole change nothing where it has ticket types, and types nothing where it has none.
    """
    if NO_TYPE not in lines:
        asked = {terms.id: NewSizes(terms.capacity, terms.waitlist_capacity) for terms in resize.types}
        return asked or {key: NewSizes(line.capacity, line.waitlist_capacity) for key, line in lines.items()}
    line, capacity, waitlist = lines[NO_TYPE], resize.max_capacity, resize.waitlist_capacity
    kept = NewSizes(
        line.capacity if capacity is None else capacity,
        line.waitlist_capacity if waitlist is None else waitlist,
    )
    return {NO_TYPE: kept}


def judge(
    wanted: Mapping[int, NewSizes], lines: Mapping[int, Line], *, tickets: Tickets, used: Set[int], closed: bool
) -> Sizing:
    """Tells whether these sizes may be set. `used` are the ticket types with decided tickets; on a `closed` event the
    waitlist does not move."""
    if used & (lines.keys() - wanted.keys()):
        return Sizing.TYPE_IN_USE
    known = {type_id: (lines[type_id], sizes) for type_id, sizes in wanted.items() if type_id in lines}
    if any(sizes.capacity < line.confirmed + line.held for line, sizes in known.values()):
        return Sizing.BELOW_CONFIRMED
    for type_id, (line, sizes) in known.items():
        moving = 0 if closed else line.seats_to_move(sizes.capacity, tickets)
        if sizes.waitlist_capacity < line.waitlisted - moving or _too_large(type_id, line, sizes, tickets):
            return Sizing.BELOW_WAITLISTED
    return Sizing.APPLIED


def _too_large(type_id: int, line: Line, sizes: NewSizes, tickets: Tickets) -> bool:
    """Tells whether a group on the waitlist would never get its seats."""
    if not line.waiting_companions:
        return False
    waiting = (held.outcome for held in tickets.values() if held.outcome.status is Status.WAITLISTED)
    return any(o.quantity > sizes.capacity for o in waiting if o.type_id == type_id)
