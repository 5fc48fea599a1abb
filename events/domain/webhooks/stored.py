"""Webhook messages as they are stored: what a body is rendered from, and how a batch of them is packed.

    outcomes, and messages about anything else -> `pack` -> one row of the event log (`events.models.MessageBatch`)

A batch is packed by columns: in most of them all values are the same, and what is left is keys, which no compression
makes shorter, and numbers that rise. It is a byte that names the format, and then MessagePack:

    [columns with a key each, the other columns in zlib]

A column is an array of one value for all messages, or of one for each. A packed message names its ticket by key, and
has neither name nor address, nor the address of a callback.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from events.domain.digests import decode, encode
from events.domain.outcome import Outcome
from events.domain.states import Status
from events.domain.ticket_keys import KEY_CHARS
from events.domain.tickets import Tickets
from events.domain.webhooks.message import TicketChange, other_body, status_told, ticket_body

_FORMAT = b"\x01"
# The fastest: it makes a sixth of the numbers, and the best makes no more than a tenth less of that.
_LEVEL = 1
_KEY_COLUMN = 1


class StoredMessage(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """A message. Times are in milliseconds since 1970; `mark` names the secret behind the ticket's id and its own.

    New fields go to the end, with a default: rows of an older release are read for as long as the log is kept.
    """

    type: str
    ticket_key: str = ""
    sequence: int = 0
    requested_ms: int = 0
    decided_ms: int = 0
    mark: str = ""
    reason: str = ""
    quantity: int = 1
    type_id: int = 0
    position: int | None = None
    expires_ms: int | None = None
    checked_in_ms: int | None = None
    partly_in: int | None = None
    # JSON, of a message that is not about a ticket.
    data: str = ""
    confirmed_by: str = ""


_FIELDS = StoredMessage.__struct_fields__
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[bytes | list[str], bytes]).decode
_decode_columns = msgspec.msgpack.Decoder(list[list[Any]]).decode


def pack(types: Sequence[str], changes: Sequence[Outcome], others: Sequence[StoredMessage] = ()) -> bytes:
    """Packs a message of a type of its own for each change, and `others` behind them."""
    columns = _columns(types, changes)
    if others:
        more = zip(*(msgspec.structs.astuple(one) for one in others), strict=True)
        columns = [[*column, *values] for column, values in zip(columns, more, strict=True)]
    keys = columns.pop(_KEY_COLUMN)
    rest = _encode([_shortened(column) for column in columns])
    return _FORMAT + _encode([_packed_keys(keys), zlib.compress(rest, _LEVEL)])


def _columns(types: Sequence[str], changes: Sequence[Outcome]) -> list[Sequence[Any]]:
    # One comprehension for each field: half of what an object for each message takes, or a getter of many fields.
    held = any(change.hold is not None for change in changes)
    nothing = [""] * len(changes)
    return [
        types,
        [change.key for change in changes],
        [change.sequence for change in changes],
        [change.requested_ms for change in changes],
        [change.decided_ms for change in changes],
        [change.mark for change in changes],
        [change.reason or "" for change in changes],
        [change.quantity for change in changes],
        [change.type_id for change in changes],
        [change.position for change in changes],
        [change.expires_ms for change in changes] if held else [None] * len(changes),
        [change.checked_in_ms for change in changes],
        [change.partly_in for change in changes],
        nothing,
        [change.confirmed_by or "" for change in changes] if held else nothing,
    ]


def _shortened(column: Sequence[Any]) -> Sequence[Any]:
    return column[:1] if len(column) > 1 and column.count(column[0]) == len(column) else column


def _packed_keys(keys: Sequence[str]) -> bytes | Sequence[str]:
    """Makes three quarters of them if they are all of the usual kind."""
    if set(map(len, keys)) != {KEY_CHARS}:
        return keys
    joined = "".join(keys)
    try:
        packed = decode(joined)
    except ValueError:
        return keys
    return packed if encode(packed) == joined else keys


def unpack(packed: bytes, size: int) -> list[StoredMessage]:
    """Reads the `size` messages that `pack` packed.

    Raises:
        ValueError: it was packed by a later release, or by none.
    """
    if packed[:1] != _FORMAT:
        raise ValueError("messages in an unknown format")
    keys, rest = _decode(packed[1:])
    columns = _decode_columns(zlib.decompress(rest))
    columns.insert(_KEY_COLUMN, _keys(keys) if isinstance(keys, bytes) else keys)
    # An earlier release did not have the last columns, and a later one has more.
    whole = [column * size if len(column) == 1 else column for column in columns[: len(_FIELDS)]]
    return [StoredMessage(*values) for values in zip(*whole, strict=True)]


def _keys(packed: bytes) -> list[str]:
    joined = encode(packed)
    return [joined[at : at + KEY_CHARS] for at in range(0, len(joined), KEY_CHARS)]


def render(message: StoredMessage, tickets: Tickets, *, event_id: int | None, changed_ms: int) -> bytes:
    """Renders the body: the same bytes each time.

    Raises:
        KeyError, ValueError: a later release wrote a message that this one does not know.
    """
    if not message.ticket_key or event_id is None:
        return other_body(type_=message.type, changed_ms=changed_ms, data=message.data)
    key, mark = message.ticket_key, message.mark
    told = status_told(message.type, waits=message.position is not None, held=message.expires_ms is not None)
    has_seat = told is Status.CONFIRMED
    return ticket_body(
        TicketChange(
            type=message.type,
            ticket_id=tickets.ticket_id(event_id=event_id, key=key, mark=mark),
            event_id=event_id,
            reason=message.reason,
            position=message.position,
            sequence=message.sequence,
            requested_ms=message.requested_ms,
            decided_ms=message.decided_ms,
            changed_ms=changed_ms,
            checked_in_ms=message.checked_in_ms,
            expires_ms=message.expires_ms,
            check_in_code=tickets.check_in_code(event_id=event_id, key=key, mark=mark) if has_seat else "",
            quantity=message.quantity,
            type_id=message.type_id,
            partly_in=message.partly_in,
            confirmed_by=message.confirmed_by,
        )
    )
