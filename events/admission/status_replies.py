"""What `lua/status.lua` replies, decoded. See `replies`."""

from __future__ import annotations

import msgspec

from events.admission.replies import NotInRedis, ScriptAnswer, WithOutcome


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


class StatusReply(msgspec.Struct, frozen=True, array_like=True):
    """The status of tickets, in the order asked for. `may_be_behind`: clients may have seen newer ones
    (`compared_servers`)."""

    rate: float
    answers: list[StatusAnswer]
    may_be_behind: bool = False


decode_status = msgspec.msgpack.Decoder(StatusReply).decode
