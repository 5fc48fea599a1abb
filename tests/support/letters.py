"""A letter of each kind, for tests of what mails say and look like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from events.domain.holds import AppliesTo, ConfirmedBy, HoldTerms
from events.domain.mail.kinds import MailKind
from events.domain.public.event import Event, render_event
from events.domain.public.ticket import Ticket, render_ticket
from events.domain.snapshot import EventSnapshot, TypeSnapshot
from events.domain.states import Reason, Status
from events.domain.times import iso, to_ms
from events.letters.letter import Change, Letter

SITE = "https://tickets.example.org"
NOW = datetime(2030, 11, 20, 9, 30, tzinfo=UTC)
START = datetime(2030, 12, 1, 18, 0, tzinfo=UTC)
END = datetime(2030, 12, 1, 21, 0, tzinfo=UTC)
DRAW = datetime(2030, 11, 25, 12, 0, tzinfo=UTC)
UNTIL = datetime(2030, 11, 20, 10, 0, tzinfo=UTC)
TICKET_ID = "7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE"
CHECK_IN_CODE = "7-Zk3vB9qT-KwrU0iDOhOuUcl4AZ0sAtDA0"

SNAPSHOT = EventSnapshot(
    event_id=7,
    version=1,
    name="Winter concert",
    location="Town hall, Main Street 1",
    max_capacity=500,
    waitlist_capacity=50,
    confirmed_count=120,
    waitlisted_count=0,
    start_ms=to_ms(START),
    end_ms=to_ms(END),
    opens_ms=to_ms(NOW) - 1000,
    closes_ms=to_ms(END),
    cancelled=False,
    last_sequence=130,
    revision=2,
    updated_ms=to_ms(NOW),
    hold=HoldTerms(seconds=1800, confirmed_by=ConfirmedBy.HOLDER, applies_to=AppliesTo.WAITLIST),
    draw_ms=to_ms(DRAW),
    ticket_types=(
        TypeSnapshot(
            id=7001,
            name="Balcony",
            capacity=100,
            waitlist_capacity=10,
            max_quantity=4,
            price="€ 18",
            confirmed_count=20,
            held_count=0,
            waitlisted_count=0,
        ),
    ),
)
CHANGES = (
    Change("location", "Old school", "Town hall, Main Street 1"),
    Change("start_time", iso(to_ms(datetime(2030, 12, 1, 17, 0, tzinfo=UTC))), iso(to_ms(START))),
)
_STATUS: dict[MailKind, tuple[Status, Reason | None]] = {
    MailKind.WAITLISTED: (Status.WAITLISTED, None),
    MailKind.HELD: (Status.HELD, None),
    MailKind.OFFERED: (Status.HELD, None),
    MailKind.EXPIRED: (Status.EXPIRED, None),
    MailKind.ENTERED: (Status.ENTERED, None),
    MailKind.REJECTED: (Status.REJECTED, Reason.SOLD_OUT),
    MailKind.CANCELLED: (Status.CANCELLED, Reason.BY_HOLDER),
    MailKind.EVENT_CANCELLED: (Status.CANCELLED, Reason.EVENT_CANCELLED),
    MailKind.VERIFY: (Status.HELD, None),
}


def event_of(**fields: Any) -> Event:
    """Returns the public event, with other fields of its snapshot."""
    return render_event(replace(SNAPSHOT, **fields), now_ms=to_ms(NOW))


def ticket_of(status: Status, *, reason: Reason | None = None, quantity: int = 1) -> Ticket:
    """Returns a ticket of this status."""
    return render_ticket(
        TICKET_ID,
        7,
        status,
        reason=reason,
        position=12 if status is Status.WAITLISTED else None,
        sequence=42,
        requested_ms=to_ms(NOW) - 500,
        decided_ms=to_ms(NOW),
        check_in_code=CHECK_IN_CODE if status is Status.CONFIRMED else None,
        checked_in_ms=None,
        expires_ms=to_ms(UNTIL) if status in (Status.HELD, Status.EXPIRED) else None,
        quantity=quantity,
        type_id=7001,
    )


def letter_of(kind: MailKind, *, quantity: int = 1, reason: Reason | None = None, **fields: Any) -> Letter:
    """Returns a letter of this kind, with other fields where they are given."""
    status, usual = _STATUS.get(kind, (Status.CONFIRMED, None))
    ticket = ticket_of(status, reason=reason or usual, quantity=quantity)
    given: dict[str, Any] = {
        "event": event_of(),
        "now": NOW,
        "site": SITE,
        "name": "Guest 1",
        "ticket": ticket,
        "had_seat": status is Status.CANCELLED,
        "changes": CHANGES if kind is MailKind.EVENT_CHANGED else (),
        "link": f"{SITE}/verify/abc" if kind is MailKind.VERIFY else "",
        "unsubscribe": f"{SITE}/unsubscribe/abc",
        "tickets": (ticket, ticket_of(Status.WAITLISTED)) if kind is MailKind.RESEND else (),
    }
    return Letter(kind=kind, **{**given, **fields})
