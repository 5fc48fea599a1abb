"""What `lua/cancel.lua` replies, decoded. See `replies`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from events.admission.replies import NotInRedis, NotLoaded, ScriptAnswer, TooLate


class CancellationQueued(ScriptAnswer, tag="admitted"):
    """The cancellation is in the queue."""

    sequence: int


class CancellationRepeated(ScriptAnswer, tag="repeated"):
    """An earlier cancellation of the ticket is in the queue."""

    sequence: int


class NothingToCancel(ScriptAnswer, tag="nothing"):
    """The ticket holds no seat, and is not on the waitlist."""


class EventOver(ScriptAnswer, tag="event_over"):
    """No seat moves any more."""


class CancellationClosed(ScriptAnswer, tag="closed"):
    """The ticket has a seat, and it is too late to give it back."""


class CheckedIn(ScriptAnswer, tag="checked_in"):
    """The ticket's holder has been let in, and keeps the seat."""

    checked_in_ms: int


CancelAnswer = (
    CancellationQueued
    | CancellationRepeated
    | NothingToCancel
    | NotInRedis
    | EventOver
    | CancellationClosed
    | CheckedIn
)


class CancelReply(msgspec.Struct, frozen=True, array_like=True, tag="done"):
    """The answers to a batch of cancellations, in its order."""

    now_ms: int
    wake: bool
    answers: list[CancelAnswer]
    may_be_behind: bool = False


decode_cancel: Callable[[bytes], CancelReply | NotLoaded | TooLate] = msgspec.msgpack.Decoder(
    CancelReply | NotLoaded | TooLate
).decode
