"""Whether a whole batch gets what it asks for, which is decided without a look at the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

from events.domain.allocation import Seats
from events.domain.commands import Command, Request
from events.domain.seats import Counters


def all_fit(seats: Seats, commands: Sequence[Command]) -> bool:
    """Tells whether all commands are registrations without a code, and there are seats for each of them."""
    if seats.cancelled or seats.draw_ms is not None or len(commands) > seats.free:
        return False
    asked = 0
    for command in commands:
        # What is left of an access code must be read.
        if not isinstance(command, Request) or command.code_id:
            return False
        asked += command.quantity
    if seats.types:
        return _all_fit_types(seats.types, cast(Sequence[Request], commands))
    return asked <= seats.free and not (asked and seats.waitlisted)


def _all_fit_types(lines: Mapping[int, Counters], requests: Sequence[Request]) -> bool:
    asked = Counter[int]()
    for request in requests:
        asked[request.type_id] += request.quantity
    return all(key in lines and not lines[key].waitlisted and count <= lines[key].free for key, count in asked.items())
