"""What Redis says of a ticket's seats: `q<quantity>` if there are several, `t<id>` if they have a ticket type, and
of what is queued `k<id>` if it came with an access code.

Empty for one seat of an event without types, which nearly all tickets are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from events.admission.fields import CODE, PARTLY_IN, QUANTITY, TYPE
from events.domain.codes import NO_CODE
from events.domain.seats import NO_TYPE, type_number

# Sequences are below 2 ** 40; `lua/shared.lua` has the same.
LINE_SHIFT = 40

_TEXT = re.compile(
    rf"(?:{QUANTITY}(\d{{1,4}}))?(?:{TYPE}(\d{{1,18}}))?(?:{PARTLY_IN}(\d{{1,4}}))?(?:{CODE}(\d{{1,18}}))?"
)


class AskedSeats(NamedTuple):
    """How many seats of which type, how many of the group have been let in (None: all or none), and with which code."""

    quantity: int = 1
    type_id: int = NO_TYPE
    partly_in: int | None = None
    code_id: int = NO_CODE


ONE_SEAT = AskedSeats()


def write_seats(quantity: int, type_id: int, partly_in: int | None = None) -> str:
    """Writes the text."""
    several = f"{QUANTITY}{quantity}" if quantity != 1 else ""
    typed = f"{TYPE}{type_id}" if type_id else ""
    return several + typed + (f"{PARTLY_IN}{partly_in}" if partly_in is not None else "")


def read_seats(text: str) -> AskedSeats:
    """Reads the text. Anything else is one seat: the digest at its place in an earlier release."""
    match = _TEXT.fullmatch(text) if text else None
    if match is None:
        return ONE_SEAT
    quantity, type_id, partly_in, code_id = match.groups()
    inside = int(partly_in) if partly_in else None
    return AskedSeats(int(quantity or 1), int(type_id or NO_TYPE), inside, int(code_id or NO_CODE))


def line_score(type_id: int, sequence: int) -> int:
    """Returns the score in `waitlist` by which the tickets of one type stand together, in order of admission."""
    return (type_number(type_id) << LINE_SHIFT) + sequence
