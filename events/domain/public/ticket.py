"""A registration as its holder sees it: neither name nor e-mail."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from events.domain.holds import ConfirmedBy
from events.domain.public.definition import CheckInCodeText, Link, ReferenceText, TicketIdText, Time
from events.domain.states import Reason, Status
from events.domain.tickets import reference_of
from events.domain.times import iso

TICKET_ID = "7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE"
REFERENCE = "7-Zk3vB9qT"


class AcceptedTicket(Struct, frozen=True, gc=False):
    """The promise of a decision."""

    ticket_id: Annotated[
        TicketIdText,
        Meta(description="The key to the ticket: it is all that is needed to read the ticket.", examples=[TICKET_ID]),
    ]
    event_id: Annotated[int, Meta(examples=[7])]
    status: Annotated[Status, Meta(examples=["queued"])]
    position: Annotated[int | None, Meta(description="Position in line, from 1; null once decided.", examples=[42])]
    status_url: Annotated[Link, Meta(examples=[f"/registrations/{TICKET_ID}"])]
    requested_at: Annotated[Time, Meta(examples=["2030-11-01T09:00:00.100+00:00"])]


class Ticket(Struct, frozen=True, gc=False):
    """A registration as its holder sees it: neither name nor e-mail."""

    ticket_id: Annotated[TicketIdText, Meta(description="The key to the ticket.", examples=[TICKET_ID])]
    reference: Annotated[
        ReferenceText,
        Meta(description="Names the ticket to people, in logs and exports; opens nothing.", examples=[REFERENCE]),
    ]
    event_id: Annotated[int, Meta(examples=[7])]
    ticket_type: Annotated[
        int | None, Meta(description="The id of its ticket type; null if the event has none.", examples=[None])
    ]
    quantity: Annotated[int, Meta(description="How many seats it is for: all or none.", examples=[1])]
    status: Annotated[Status, Meta(examples=["queued"])]
    reason: Annotated[Reason | None, Meta(description="Why it was rejected, or by whom it was cancelled.")]
    position: Annotated[int | None, Meta(description="Position in line, 1 is next; null once decided.", examples=[12])]
    sequence: Annotated[int | None, Meta(description="Number in the order of admission.", examples=[42])]
    requested_at: Annotated[Time | None, Meta(examples=["2030-11-01T09:00:00.100+00:00"])]
    decided_at: Time | None
    expires_at: Annotated[
        Time | None,
        Meta(
            description="Until when its seats are held, or were, or its address is to be proved; null: no such time.",
            examples=[None],
        ),
    ]
    check_in_code: Annotated[
        CheckInCodeText | None,
        Meta(description="What the QR code holds; only with a seat. It lets in, and opens nothing else."),
    ]
    checked_in_at: Annotated[Time | None, Meta(description="When its holder was let in; of a group, the first.")]
    checked_in_quantity: Annotated[int, Meta(description="How many of the group have been let in.", examples=[0])]
    estimated_seconds: Annotated[
        float | UnsetType, Meta(description="Expected wait; only while queued.", examples=[1])
    ] = UNSET
    unlikely: Annotated[
        bool | UnsetType,
        Meta(
            description="True while queued, once what is confirmed, held and before it in line takes all seats: it "
            "gets one only if one becomes free. Else left out. A position on the waitlist is no seat."
        ),
    ] = UNSET
    confirmed_by: Annotated[
        ConfirmedBy | UnsetType,
        Meta(
            description="Who may confirm it until `expires_at`: its `holder`, by taking the seat that is offered; the "
            "`organizer`, after the payment; or who reads the mail to its `address`, with the token in it. Only while "
            "held, or while its address is to be proved; else left out.",
            examples=["holder"],
        ),
    ] = UNSET


class CancelledTicket(Ticket, frozen=True, gc=False, kw_only=True):
    """A ticket whose cancellation takes its turn."""

    cancellation_sequence: Annotated[
        int | None,
        Meta(
            description="The cancellation's number in the order of admission; null: nothing to cancel.",
            examples=[1042],
        ),
    ]


class ConfirmedTicket(Ticket, frozen=True, gc=False, kw_only=True):
    """A held ticket whose confirmation takes its turn."""

    confirmation_sequence: Annotated[
        int | None,
        Meta(
            description="The confirmation's number in the order of admission; null: it is confirmed already.",
            examples=[1043],
        ),
    ]


def render_ticket(
    ticket_id: str,
    event_id: int,
    status: Status,
    *,
    reason: Reason | None,
    position: int | None,
    sequence: int | None,
    requested_ms: int | None,
    decided_ms: int | None,
    check_in_code: str | None,
    checked_in_ms: int | None,
    expires_ms: int | None = None,
    quantity: int = 1,
    type_id: int = 0,
    checked_in_quantity: int = 0,
    estimated_seconds: float | None = None,
    unlikely: bool = False,
    confirmed_by: ConfirmedBy | None = None,
) -> Ticket:
    """Renders a ticket. Times in milliseconds since 1970, None or 0 where there is none yet; `type_id` 0: no type."""
    return Ticket(
        ticket_id,
        reference_of(ticket_id),
        event_id,
        type_id or None,
        quantity,
        status,
        reason,
        position,
        sequence,
        iso(requested_ms) if requested_ms else None,
        iso(decided_ms) if decided_ms else None,
        iso(expires_ms) if expires_ms else None,
        check_in_code,
        iso(checked_in_ms) if checked_in_ms else None,
        checked_in_quantity,
        UNSET if estimated_seconds is None else estimated_seconds,
        unlikely or UNSET,
        confirmed_by or UNSET,
    )
