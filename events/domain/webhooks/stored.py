"""Webhook messages as they are stored: what a body is rendered from, and how a batch of them is packed.

    [StoredMessage, ...] -> `pack` -> MessagePack, zlib -> one row of the event log (`events.models.MessageBatch`)

A packed message names its ticket by key, and has neither name nor address, nor the address of a callback.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from events.domain.states import Status
from events.domain.tickets import Tickets
from events.domain.webhooks.message import TicketChange, other_body, status_told, ticket_body

# The fastest: it makes half of what it would be, and the best makes no more than a tenth less of that.
_LEVEL = 1


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


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[StoredMessage]).decode


def pack(messages: Sequence[StoredMessage]) -> bytes:
    """Packs a batch."""
    return zlib.compress(_encode(messages), _LEVEL)


def unpack(packed: bytes) -> list[StoredMessage]:
    """Reads what `pack` made."""
    return _decode(zlib.decompress(packed))


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
