"""What the Lua scripts reply, decoded: a whole batch in one pass, every answer a class of its own.

`lua/<name>.lua` documents each reply; the tags here are its first elements. Times in milliseconds since 1970, UTC, by
Redis's clock; rates in decisions per second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

import msgspec

from events.admission.outcomes import decode_outcome
from events.domain.outcome import Outcome
from events.domain.rate_limit import Quota


class ScriptAnswer(msgspec.Struct, gc=False, array_like=True):
    """An array: the tag, then the fields."""


class WithOutcome(ScriptAnswer):
    text: str

    def outcome(self, key: str) -> Outcome:
        """Decodes the outcome of the ticket, which has this key."""
        return decode_outcome(key, self.text)


class NotLoaded(ScriptAnswer, tag="not_loaded"):
    """Redis holds no copy of the event."""


class TooLate(ScriptAnswer, tag="too_late"):
    """The call arrived after its deadline, and had no effect."""

    now_ms: int


class Failed(ScriptAnswer, tag="failed"):
    """The call failed for one event; `error` is what Redis says of it."""

    error: str


class NotInRedis(ScriptAnswer, tag="unknown"):
    """Redis does not know the ticket; the ledger may."""


# admit.lua


class RefusalReason(Enum):
    """Why a registration was not admitted, where nothing else is to be said."""

    KEY_REUSED = "key_reused"
    CLOSED = "closed"
    PAUSED = "paused"
    SOLD_OUT = "sold_out"
    DUPLICATE = "duplicate"
    QUEUE_FULL = "queue_full"
    FOREIGN_CALLBACK = "foreign_callback"
    UNKNOWN_TYPE = "unknown_type"
    TYPE_NEEDED = "type_needed"
    CODE_REQUIRED = "code_required"
    CODE_INVALID = "code_invalid"


class Admitted(ScriptAnswer, tag="admitted"):
    """The registration is in the queue; `position` 1 is next. `name` says under which of its names."""

    sequence: int
    position: int
    name: int = 0


class AlreadyQueued(ScriptAnswer, tag="queued"):
    """A retry, whose ticket is in the queue. `name` says under which of its names: 0 is the current one."""

    sequence: int
    position: int
    requested_ms: int
    name: int


class AlreadyDecided(WithOutcome, tag="decided"):
    """A retry, whose ticket is decided. `name` says under which of its names: 0 is the current one."""

    name: int


class Refused(ScriptAnswer, tag="refused"):
    """Not admitted."""

    reason: RefusalReason


class TooMany(ScriptAnswer, tag="too_many"):
    """A registration asks for more than `most` seats, which none may have."""

    most: int


class NotOpen(ScriptAnswer, tag="not_open"):
    """Registration opens later."""

    opens_ms: int


class RateLimited(ScriptAnswer, tag="rate_limited"):
    """Too many registrations from the address."""

    wait_ms: int

    @property
    def wait_seconds(self) -> int:
        """Whole seconds until it may come again."""
        return _whole_seconds(self.wait_ms)


class RefusalsLimited(ScriptAnswer, tag="refusals_limited"):
    """Too many refusals of the address."""

    wait_ms: int

    @property
    def wait_seconds(self) -> int:
        """Whole seconds until it may come again."""
        return _whole_seconds(self.wait_ms)


class NotFound(ScriptAnswer, tag="not_found"):
    """The event is a draft of another organizer."""


class OrganizerUnknown(ScriptAnswer, tag="organizer_unknown"):
    """The registration came with an organizer's token, and the copy of the event does not say whose event it is."""


Refusal = Refused | TooMany | NotOpen | RateLimited | RefusalsLimited | NotFound | OrganizerUnknown
Admission = Admitted | AlreadyQueued | AlreadyDecided | Refusal


class AdmitReply(msgspec.Struct, frozen=True):
    """The answers to a batch of registrations, in its order.

    `lefts` says what each registration's address has left in this window, -1 where it was not counted; it is empty
    without a limit.
    """

    now_ms: int
    wake: bool
    answers: list[Admission]
    rate: float
    lefts: list[int]
    window_left_ms: int
    may_be_behind: bool = False

    def quotas(self) -> Sequence[Quota | None]:
        """Returns each address's quota; None for addresses that were not counted.

        `seconds` is when it will have more or, if it was limited, when it may try again.
        """
        if not self.lefts:
            return [None] * len(self.answers)
        rest = _whole_seconds(self.window_left_ms)
        waits = (a.wait_seconds if isinstance(a, RateLimited) else rest for a in self.answers)
        return [Quota(left, wait) if left >= 0 else None for left, wait in zip(self.lefts, waits, strict=True)]


class _AdmitDone(msgspec.Struct, frozen=True, array_like=True, tag="done"):
    """The same as the script has it: plainly admitted is a sequence alone, behind which `offset` is its position."""

    now_ms: int
    wake: bool
    answers: list[Admission | int]
    rate: float
    lefts: list[int]
    window_left_ms: int
    offset: int


class _AllAdmitted(msgspec.Struct, frozen=True, array_like=True, tag="all"):
    """The same of a batch that is plainly admitted as a whole: `first` is the first of `count` sequences."""

    now_ms: int
    wake: bool
    first: int
    count: int
    rate: float
    lefts: list[int]
    window_left_ms: int
    offset: int

    @property
    def answers(self) -> Sequence[int]:
        """The sequences."""
        return range(self.first, self.first + self.count)


_Reply = _AdmitDone | _AllAdmitted | NotLoaded | TooLate | Failed
_decode_admit: Callable[[bytes], list[_Reply]] = msgspec.msgpack.Decoder(list[_Reply]).decode
_decode_add_guest: Callable[[bytes], _Reply] = msgspec.msgpack.Decoder(_Reply).decode


def decode_admit(packed: bytes) -> list[AdmitReply | NotLoaded | TooLate | Failed]:
    """Decodes what `admit` replies, for each event."""
    return [_with_positions(reply) for reply in _decode_admit(packed)]


def decode_add_guest(packed: bytes) -> AdmitReply | NotLoaded | TooLate | Failed:
    """Decodes what `add_guest` replies."""
    return _with_positions(_decode_add_guest(packed))


def _with_positions(reply: _Reply) -> AdmitReply | NotLoaded | TooLate | Failed:
    if not isinstance(reply, _AdmitDone | _AllAdmitted):
        return reply
    offset = reply.offset
    answers = [Admitted(each, each + offset) if isinstance(each, int) else each for each in reply.answers]
    return AdmitReply(reply.now_ms, reply.wake, answers, reply.rate, reply.lefts, reply.window_left_ms)


def _whole_seconds(ms: int) -> int:
    return -(-ms // 1000)


# read_event.lua


class EventReply(msgspec.Struct, frozen=True, array_like=True, tag="done"):
    """An event's copy as JSON, and the counts, which are newer."""

    now_ms: int
    snapshot: str
    confirmed: int
    waitlisted: int
    described: str


decode_event: Callable[[bytes], EventReply | NotLoaded] = msgspec.msgpack.Decoder(EventReply | NotLoaded).decode
