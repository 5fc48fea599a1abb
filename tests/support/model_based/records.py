"""What is remembered of a drop: tickets, and what was asked about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.service.http_client import Answer


@dataclass
class Ticket:
    """A 202. `after` is the last place that was given out before it was asked for; `ask` asks once again."""

    id: str
    email: str
    after: int
    ask: Callable[[], Answer]
    keyed: bool
    quantity: int = 1
    coded: bool = False
    sequence: int = 0
    status: str = "queued"
    reason: str | None = None


@dataclass
class GivenBack:
    """A DELETE for `ticket`. `place` is None until it is known; `low` and `high` are around it."""

    ticket: str
    place: int | None
    low: int
    high: int
    retried: bool


@dataclass
class Paid:
    """A 202 for a confirmation of `ticket`. `place` is None if it was confirmed already."""

    ticket: str
    reference: str
    place: int | None
