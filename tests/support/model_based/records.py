"""What is remembered of a drop: tickets, and what was asked about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.records import Sizes
from tests.support.service.http_client import Answer


@dataclass
class Ticket:
    """A 202. `after` is the last place that was given out before it was asked for; `ask` asks once again.

    `type_id` is its ticket type as it is shown, `asked_type` as it was asked for; `beyond`: its guest was added beyond
    the capacity.
    """

    id: str
    email: str
    after: int
    ask: Callable[[], Answer]
    keyed: bool
    quantity: int = 1
    coded: bool = False
    asked_type: int = 0
    type_id: int = 0
    beyond: bool = False
    sequence: int = 0
    status: str = "queued"
    reason: str | None = None


@dataclass(frozen=True)
class Opening:
    """What an event begins with: sizes of its own, or those of its types, which it gets `late` while people register.

    The code is for `code_uses` seats, and for the type of the number `code_for`; 0: for any.
    """

    size: Sizes
    types: tuple[Sizes, ...]
    code_uses: int
    code_for: int
    hold: dict[str, Any] | None
    late: bool = False


@dataclass(frozen=True)
class Change:
    """New sizes for the event, or for the type of this `number`, which may go instead; a `new` type, too."""

    number: int
    seats: int | None
    waitlist: int | None
    goes: bool = False
    new: Sizes | None = None


@dataclass
class Paid:
    """A 202 for a confirmation of `ticket`. `place` is None if it was confirmed already."""

    ticket: str
    reference: str
    place: int | None
