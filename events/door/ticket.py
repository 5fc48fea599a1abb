"""A ticket as its holder sees it. JSON is written out by hand: every value is a number or made of safe characters."""

from __future__ import annotations

from typing import NamedTuple

from events.domain.states import Status
from events.domain.tickets import Tickets, reference_of
from events.domain.times import iso
from events.domain.waiting import retry_after, waitlist_retry
from events.door.etags import tag_of
from events.door.responses import Response
from events.door.ticket_status import TicketStatus

_MESSAGES: dict[Status, str] = {
    Status.QUEUED: "In line.",
    Status.WAITLISTED: "On the waitlist.",
    Status.CONFIRMED: "Decided.",
    Status.REJECTED: "Decided.",
    Status.CANCELLED: "Cancelled.",
    Status.LOST: "The queue lost this registration before it was decided: register again.",
}
# What stands before `data` in the answer.
_OPENINGS = {status: f'{{"success":true,"message":"{text}","data":'.encode() for status, text in _MESSAGES.items()}
# A member's `value` is looked up through a descriptor, which takes longer than this.
_WORDS = {status: status.value for status in Status}


class Shown(NamedTuple):
    """What a client is shown of a ticket: the object `data`, and its tag. The tag changes with the place, so a 304
    never hides progress."""

    data: bytes
    tag: bytes


def code_of(tickets: Tickets, ticket_id: str, ticket: TicketStatus) -> str | None:
    """The check-in code of a ticket with a seat."""
    return tickets.check_in_code_of(ticket_id) if ticket.status is Status.CONFIRMED else None


def show(ticket_id: str, event_id: int, ticket: TicketStatus, code: str | None = None) -> Shown:
    """The ticket's `data`, with its check-in `code`. `estimated_seconds` is there only while queued."""
    s = ticket
    reason = f'"{s.reason.value}"' if s.reason else "null"
    position = "null" if s.position is None else s.position
    sequence = "null" if s.sequence is None else s.sequence
    requested = f'"{iso(s.requested_ms)}"' if s.requested_ms else "null"
    decided = f'"{iso(s.decided_ms)}"' if s.decided_ms else "null"
    check_in_code = f'"{code}"' if code else "null"
    checked_in = f'"{iso(s.checked_in_ms)}"' if s.checked_in_ms else "null"
    estimate = "" if s.estimated_seconds is None else f',"estimated_seconds":{s.estimated_seconds}'
    data = (
        f'{{"ticket_id":"{ticket_id}","reference":"{reference_of(ticket_id)}","event_id":{event_id},"status":"{_WORDS[s.status]}","reason":{reason},'
        f'"position":{position},"sequence":{sequence},'
        f'"requested_at":{requested},"decided_at":{decided},"check_in_code":{check_in_code},"checked_in_at":{checked_in}{estimate}}}'
    ).encode()
    return Shown(data, tag_of(s.status, data))


def ticket_answer(
    ticket_id: str, event_id: int, ticket: TicketStatus, *, jitter: float, code: str | None = None
) -> Response:
    """The 200 with a ticket. `jitter`, from 0 up to 1, spreads Retry-After; a terminal ticket has none."""
    data, tag = show(ticket_id, event_id, ticket, code)
    body = _OPENINGS[ticket.status] + data + b"}"
    if ticket.terminal:
        return Response(200, body, ((b"etag", tag),))
    return Response(200, body, ((b"etag", tag), (b"retry-after", b"%d" % _retry(ticket, jitter))))


def _retry(ticket: TicketStatus, jitter: float) -> int:
    if ticket.estimated_seconds is not None:
        return retry_after(ticket.estimated_seconds, jitter=jitter)
    return waitlist_retry(ticket.position, jitter=jitter)
