"""The entries of an event's decision log as bytes. docs/the-rules.md has the same layout for readers.

Everything is big-endian, and every kind has one layout: a fact can be written in one way only. Times are milliseconds
since 1970, UTC. A ticket type is its number in the event, 0 without types. An entry's index is its position in the log,
which the tree binds, and is not repeated inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from hashlib import sha256
from struct import Struct

from events.domain.commands import Cancellation, Confirmation, Correction, Drawing, Expiry, Request, Resize
from events.domain.holds import AppliesTo, ConfirmedBy
from events.domain.outcome import Outcome
from events.domain.seats import NO_TYPE, TYPES_OF_AN_EVENT, Counters, Seats, type_number
from events.domain.states import Reason, Status

FORMAT = 1


class Kind(IntEnum):
    """An entry's first byte."""

    BEGIN = 0
    TERMS = 1
    REGISTRATION = 2
    CANCELLATION = 3
    CONFIRMATION = 4
    EXPIRY = 5
    PROMOTION = 6
    RESIZE = 7
    CORRECTION = 8
    KEY = 9  # another key signs from here on
    BREAK = 10  # this log goes on where another, which was published further, does not
    DRAW = 11
    SEAL = 12
    REVEAL = 13
    DRAWN = 14
    PROOF = 15  # for how long a registration waits from here on for the proof of its address


class Flag(IntFlag):
    """How a command came."""

    ADDED = 1  # by the organizer
    BEYOND_CAPACITY = 2
    EXEMPT = 4  # a cancellation that `cancel_until` does not bind
    IN_TIME = 8  # a confirmation that was admitted before, and lost
    CODED = 16  # with an access code
    ADDRESS = 32  # a registration whose address is to be proved, or a confirmation that proves it


# The decision on a ticket: the byte behind the kind.
OUTCOMES: dict[tuple[Status, Reason | None], int] = {
    (Status.CONFIRMED, None): 1,
    (Status.HELD, None): 2,
    (Status.WAITLISTED, None): 3,
    (Status.REJECTED, Reason.SOLD_OUT): 4,
    (Status.REJECTED, Reason.DUPLICATE): 5,
    (Status.REJECTED, Reason.REGISTRATION_CLOSED): 6,
    (Status.REJECTED, Reason.EVENT_CANCELLED): 7,
    (Status.REJECTED, Reason.INVALID): 8,
    (Status.CANCELLED, Reason.BY_HOLDER): 9,
    (Status.CANCELLED, Reason.BY_ORGANIZER): 10,
    (Status.CANCELLED, Reason.EVENT_CANCELLED): 11,
    (Status.EXPIRED, None): 12,
    (Status.ENTERED, None): 13,
    (Status.REJECTED, Reason.NOT_DRAWN): 14,
}
_CONFIRMED_BY = {ConfirmedBy.ORGANIZER: 1, ConfirmedBy.HOLDER: 2}
_APPLIES_TO = {AppliesTo.ALL: 1, AppliesTo.WAITLIST: 2}

_BEGIN = Struct(">BBQQ32s").pack
_TERMS = Struct(">QQBIBBH").pack
_TERMS_SIZE = 25
_LINE = Struct(">HII").pack
_SECONDS = Struct(">I").pack
_LINE_SIZE = 10
_REGISTRATION = Struct(">BBBBHQQQ32s16s").pack
_UNTIL = Struct(">Q").pack
_CHANGE = Struct(">BBBQQQ32s").pack
_RESIZE = Struct(">BQQQH").pack
_CORRECTION = Struct(">BQQQ32s16s").pack
_MOMENT = Struct(">BQ").pack
_KEY = Struct(">BQ32s32s64s").pack
NO_KEY = bytes(32)
_DRAW = Struct(">BQQ32s32sQ").pack
_SEAL = Struct(">BQQQ32s").pack
_REVEAL = Struct(">BQQQ32sB").pack
_DRAWN = Struct(">BBQ32s").pack
_A_REGISTRATION = int(Kind.REGISTRATION)  # an enum costs as much to pack as all else
_CONFIRMED, _A_SEAT = Status.CONFIRMED, OUTCOMES[Status.CONFIRMED, None]


def commitment(ticket_id: bytes) -> bytes:
    """Returns what stands for a ticket in the log: with 120 random bits in the id only its holder finds it."""
    return sha256(ticket_id).digest()


def begin(*, event_id: int, now_ms: int, key: bytes) -> bytes:
    """Makes the first entry. `key` is the public key that signs the log, `NO_KEY` if none does."""
    return _BEGIN(Kind.BEGIN, FORMAT, event_id, now_ms, key)


def key_change(*, now_ms: int, old: bytes, new: bytes, signature: bytes) -> bytes:
    """Makes the entry that hands the log on to another key. `signature` is the old one's below `notes.handover`."""
    return _KEY(Kind.KEY, now_ms, old, new, signature)


def broken_off(*, now_ms: int, note: str) -> bytes:
    """Makes the entry that states a break. `note` is the last checkpoint of the log that does not go on."""
    return _MOMENT(Kind.BREAK, now_ms) + note.encode()


def terms(seats: Seats) -> bytes:
    """Packs what decisions go by beside the commands: times, the hold, every line's sizes, and last, in an event that
    wants one, the time to prove an address."""
    hold = seats.hold
    head = _TERMS(
        seats.ends_ms,
        seats.cancel_until_ms,
        seats.cancelled,
        hold.seconds if hold else 0,
        _CONFIRMED_BY[hold.confirmed_by] if hold else 0,
        _APPLIES_TO[hold.applies_to] if hold else 0,
        len(seats.types) or 1,
    )
    lines: Mapping[int, Counters] = seats.types or {NO_TYPE: seats}
    packed = head + b"".join(_line(key, line.capacity, line.waitlist_capacity) for key, line in sorted(lines.items()))
    return packed + _SECONDS(seats.proof_seconds) if seats.proof_seconds else packed


def _line(type_id: int, capacity: int, waitlist_capacity: int) -> bytes:
    return _LINE(type_number(type_id), capacity, waitlist_capacity)


def new_terms(before: bytes, packed: bytes, *, now_ms: int) -> list[bytes]:
    """Makes the entries that say which terms hold from here on, where they are not those `before`; empty: none were."""
    (old, old_proof), (new, proof) = _split(before), _split(packed)
    made = [_MOMENT(Kind.TERMS, now_ms) + new] if new != old else []
    return [*made, _MOMENT(Kind.PROOF, now_ms) + (proof or _SECONDS(0))] if proof != old_proof else made


def _split(packed: bytes) -> tuple[bytes, bytes]:
    """Separates the time to prove an address."""
    behind = len(packed) - (len(packed) - _TERMS_SIZE) % _LINE_SIZE if packed else 0
    return packed[:behind], packed[behind:]


def registration(request: Request, outcome: Outcome, ticket: bytes, mailbox: bytes) -> bytes:
    """Makes the entry of a registration's first decision. `ticket` is its commitment, `mailbox` its digest."""
    decided = _REGISTRATION(
        _A_REGISTRATION,
        _A_SEAT if outcome.status is _CONFIRMED else OUTCOMES[outcome.status, outcome.reason],
        _flags(request, outcome) if request.added or request.code_id or outcome.hold else 0,
        request.quantity,
        request.type_id % TYPES_OF_AN_EVENT,
        request.sequence,
        request.requested_ms,
        outcome.decided_ms,
        ticket,
        mailbox,
    )
    return decided + _UNTIL(outcome.hold.expires_ms) if outcome.hold else decided


def _flags(request: Request, outcome: Outcome) -> int:
    flags = Flag.ADDED if request.added else Flag(0)
    if outcome.is_unproved:
        flags |= Flag.ADDRESS
    if request.beyond_capacity:
        flags |= Flag.BEYOND_CAPACITY
    return flags | Flag.CODED if request.code_id else flags


def change(
    command: Cancellation | Confirmation | Expiry | Resize, kind: Kind, outcome: Outcome, ticket: bytes
) -> bytes:
    """Makes the entry of a later change of a ticket, which `command` has caused."""
    flags = Flag(0)
    if isinstance(command, Cancellation):
        flags |= Flag.EXEMPT * command.exempt
    elif isinstance(command, Confirmation):
        flags |= Flag.IN_TIME * command.in_time | Flag.ADDRESS * bool(command.address)
    changed = _CHANGE(
        kind,
        OUTCOMES[outcome.status, outcome.reason],
        flags if kind is not Kind.PROMOTION else 0,
        command.sequence,
        command.requested_ms,
        outcome.decided_ms,
        ticket,
    )
    return changed + _UNTIL(outcome.hold.expires_ms) if outcome.hold and outcome.status is Status.HELD else changed


def closing(sequence: int, outcome: Outcome, ticket: bytes) -> bytes:
    """Makes the entry of a ticket that ends with its event."""
    ended = OUTCOMES[outcome.status, outcome.reason]
    return _CHANGE(Kind.CANCELLATION, ended, 0, sequence, 0, outcome.decided_ms, ticket)


def resize(command: Resize, sizes: Mapping[int, tuple[int, int]], *, now_ms: int) -> bytes:
    """Makes the entry of new sizes, as every line has them afterwards: (capacity, waitlist capacity) by type."""
    head = _RESIZE(Kind.RESIZE, command.sequence, command.requested_ms, now_ms, len(sizes))
    return head + b"".join(_line(type_id, *both) for type_id, both in sorted(sizes.items()))


def correction(command: Correction, outcome: Outcome, ticket: bytes, mailbox: bytes) -> bytes:
    """Makes the entry of a ticket that gets another address."""
    head = (Kind.CORRECTION, command.sequence, command.requested_ms, outcome.decided_ms)
    return _CORRECTION(*head, ticket, mailbox)


def draw(*, now_ms: int, draw_ms: int, commitment_to_secret: bytes, chain: bytes, round_: int) -> bytes:
    """Makes the entry that says how the seats are going to be drawn, and when; 0: they are not. `chain` and `round_`
    name the public randomness that is waited for; empty and 0: none is."""
    return _DRAW(Kind.DRAW, now_ms, draw_ms, commitment_to_secret, chain, round_)


def seal(command: Drawing, root: bytes, *, now_ms: int) -> bytes:
    """Makes the entry that no further one enters the draw behind. `root` is that of the entries before it."""
    return _SEAL(Kind.SEAL, command.sequence, command.requested_ms, now_ms, root)


def reveal(command: Drawing, secret: bytes, signature: bytes, *, now_ms: int) -> bytes:
    """Makes the entry that the order can be computed from. `signature` is that of the round, empty without one."""
    head = _REVEAL(Kind.REVEAL, command.sequence, command.requested_ms, now_ms, secret, len(signature))
    return head + signature


def requested_of_reveal(entry: bytes) -> int:
    """Returns when (ms) the command was admitted that has made a reveal's entry."""
    return int.from_bytes(entry[9:17])


def drawn(outcome: Outcome, ticket: bytes) -> bytes:
    """Makes the entry of a ticket that has had its turn in the draw."""
    given = _DRAWN(Kind.DRAWN, OUTCOMES[outcome.status, outcome.reason], outcome.decided_ms, ticket)
    return given + _UNTIL(outcome.hold.expires_ms) if outcome.hold else given
