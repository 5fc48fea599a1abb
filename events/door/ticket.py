"""The response with a ticket, its ETag and its Retry-After."""

from __future__ import annotations

import msgspec

from events.domain.public.ticket import Ticket, render_ticket
from events.domain.states import Status
from events.domain.tickets import Tickets
from events.domain.waiting import held_retry, retry_after, waitlist_retry
from events.door.etags import tag_of
from events.door.responses import Response
from events.door.ticket_status import TicketStatus
from omnify.common.asgi_types import Header

_MESSAGES: dict[Status, str] = {
    Status.QUEUED: "In line.",
    Status.ENTERED: "In the draw.",
    Status.WAITLISTED: "On the waitlist.",
    Status.HELD: "Held for a while.",
    Status.CONFIRMED: "Decided.",
    Status.REJECTED: "Decided.",
    Status.EXPIRED: "The time to confirm is over.",
    Status.CANCELLED: "Cancelled.",
    Status.LOST: "A failure lost this registration: register again.",
}
# The response up to its `data`.
_PREFIXES = {status: f'{{"success":true,"message":"{text}","data":'.encode() for status, text in _MESSAGES.items()}
_encode = msgspec.json.Encoder().encode
# Looking a member up in its class costs several times as much.
_CONFIRMED = Status.CONFIRMED


class Shown(msgspec.Struct, frozen=True, gc=False):
    """A ticket's JSON object `data` and its ETag. The tag changes with the position, so a 304 never hides progress."""

    data: bytes
    tag: bytes


def code_of(tickets: Tickets, ticket_id: str, ticket: TicketStatus) -> str | None:
    """Returns the check-in code of a ticket with a seat, None without a seat."""
    return tickets.check_in_code_of(ticket_id) if ticket.status is _CONFIRMED else None


def show(ticket_id: str, event_id: int, ticket: TicketStatus, code: str | None = None) -> Shown:
    """Encodes the ticket with its check-in `code`, and its tag."""
    data = _encode(render(ticket_id, event_id, ticket, code))
    return Shown(data, tag_of(ticket.status, data))


def render(ticket_id: str, event_id: int, ticket: TicketStatus, code: str | None = None) -> Ticket:
    """Returns the public ticket with its check-in `code`. Only a queued one has `estimated_seconds`."""
    return render_ticket(
        ticket_id,
        event_id,
        ticket.status,
        reason=ticket.reason,
        position=ticket.position,
        sequence=ticket.sequence,
        requested_ms=ticket.requested_ms,
        decided_ms=ticket.decided_ms,
        check_in_code=code,
        checked_in_ms=ticket.checked_in_ms,
        expires_ms=ticket.expires_ms,
        quantity=ticket.quantity,
        type_id=ticket.type_id,
        checked_in_quantity=ticket.checked_in_quantity,
        estimated_seconds=ticket.estimated_seconds,
        unlikely=ticket.unlikely,
        confirmed_by=ticket.confirmed_by,
    )


def ticket_response(
    ticket_id: str, event_id: int, ticket: TicketStatus, *, jitter: float, code: str | None = None
) -> Response:
    """Builds the 200 with a ticket. `jitter`, from 0 up to 1, spreads Retry-After; a final status has none."""
    shown = show(ticket_id, event_id, ticket, code)
    body = b"%b%b}" % (_PREFIXES[ticket.status], shown.data)
    return Response(200, body, ((b"etag", shown.tag), *retry_headers(ticket, jitter=jitter)))


def retry_headers(ticket: TicketStatus, *, jitter: float) -> tuple[Header, ...]:
    """Returns Retry-After; nothing for a final status."""
    return () if ticket.terminal else ((b"retry-after", b"%d" % _retry(ticket, jitter)),)


def _retry(ticket: TicketStatus, jitter: float) -> int:
    if ticket.estimated_seconds is not None:
        return retry_after(ticket.estimated_seconds, jitter=jitter)
    if ticket.status is Status.HELD:
        return held_retry(jitter=jitter)
    return waitlist_retry(ticket.position, jitter=jitter)
