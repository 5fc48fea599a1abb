"""What `lua/status.lua` replies, decoded. See `replies`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from events.admission.fields import TYPE
from events.admission.replies import NotInRedis, ScriptAnswer, WithOutcome
from events.admission.seats_text import read_seats


class Queued(ScriptAnswer, tag="queued"):
    """The ticket is in the queue; `position` 1 is next. `seats` is what it asks for (`seats_text`).

    `unlikely`: there is no seat for it unless one becomes free that is taken, or that goes to someone before it.
    """

    sequence: int
    position: int
    requested_ms: int
    seats: str = ""
    unlikely: bool = False


class Decided(WithOutcome, tag="decided"):
    """The ticket is decided, and not on the waitlist."""


class Waitlisted(WithOutcome, tag="waitlisted"):
    """The ticket is on the waitlist; `position` 1 is next, 0: Redis does not know."""

    position: int


class Dropped(ScriptAnswer, tag="dropped"):
    """The ticket was admitted and is no longer in the queue; it may be decided."""

    sequence: int
    requested_ms: int


StatusAnswer = Queued | Decided | Waitlisted | Dropped | NotInRedis
_NOT_IN_REDIS = NotInRedis()
_WAITS = "|waitlisted|"


class StatusReply(msgspec.Struct, frozen=True):
    """The status of tickets, in the order asked for. `may_be_behind`: clients may have seen newer ones
    (`compared_servers`)."""

    rate: float
    answers: list[StatusAnswer]
    may_be_behind: bool = False


class _Found(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The same as the script has it. `pending` is that of the tickets without an outcome; `positions` begin with the
    number of a ticket."""

    rate: float
    outcomes: list[str | bool]
    pending: list[str | bool]
    positions: list[tuple[int, int]]
    head: int
    unlikely_from: int
    full: str


_decode = msgspec.msgpack.Decoder(_Found).decode


def decode_status(packed: bytes) -> StatusReply:
    """Decodes the reply."""
    found = _decode(packed)
    positions, pending = dict(found.positions), iter(found.pending)
    answers = [
        _undecided(found, pending)
        if not isinstance(outcome, str)
        else Waitlisted(outcome, positions.get(number, 0))
        if _WAITS in outcome
        else Decided(outcome)
        for number, outcome in enumerate(found.outcomes, 1)
    ]
    return StatusReply(found.rate, answers)


def _undecided(found: _Found, pending: Iterator[str | bool]) -> StatusAnswer:
    entry = next(pending)
    if not isinstance(entry, str):
        return _NOT_IN_REDIS
    first, requested, seats = entry.split("|", 2)
    sequence = int(first)
    if not 0 < found.head <= sequence:
        return Dropped(sequence, int(requested))
    unlikely = sequence >= found.unlikely_from or (bool(found.full) and _is_full(found.full, seats))
    return Queued(sequence, sequence - found.head + 1, int(requested), seats, unlikely)


def _is_full(full: str, seats: str) -> bool:
    """Tells whether no seat is left of the type that a ticket is for."""
    return f"|{TYPE}{read_seats(seats).type_id}|" in full
