"""Reads a ticket from the service's response."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rehearsal.envelope import Envelope, decode
from rehearsal.http import Response
from rehearsal.records import Ticket


class TicketData(msgspec.Struct):
    """The part of a ticket that a rehearsal looks at."""

    ticket_id: str = ""
    status: str = ""
    reason: str | None = None
    position: int | None = None
    sequence: int | None = None
    requested_at: datetime | None = None
    decided_at: datetime | None = None
    ticket_type: int | None = None
    quantity: int = 1
    expires_at: datetime | None = None
    unlikely: bool = False
    receipt: msgspec.Raw = msgspec.Raw()


decoder = msgspec.json.Decoder(Envelope[TicketData])


def read_ticket(ticket_id: str, response: Response, *, before: Ticket | None = None) -> Ticket:
    """Returns the ticket; its status is the error code if there is none. `before` is what was read of it last."""
    status, decided_ms, expires_ms = "", None, None
    if before:
        status, decided_ms, expires_ms = before.status, before.first_decided_ms, before.expires_ms
    _, body = decode(decoder, response)
    data = body.data
    if response.status != 200 or data is None or data.ticket_id != ticket_id:
        return Ticket(ticket_id, body.code or f"answered {response.status}", before=status)
    return Ticket(
        ticket_id,
        data.status,
        data.reason,
        data.sequence,
        _ms(data.requested_at),
        _ms(data.decided_at),
        data.position,
        status,
        decided_ms,
        data.ticket_type or 0,
        data.quantity,
        _ms(data.expires_at) or expires_ms,
        data.unlikely or (before is not None and before.unlikely),
    )


def _ms(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp() * 1000
