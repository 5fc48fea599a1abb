"""Descriptions of the routes of a ticket, which the door answers before Django sees them."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from events.api.openapi import examples
from events.api.openapi.envelopes import success_with
from events.api.openapi.parameters import RETRY_UNLESS_FINAL, TICKET_ID, sent_header
from events.api.openapi.responses import ALREADY_IN, ANYONE, OVER, bad, describe, good, invalid
from events.domain.public.ticket import CancelledTicket, Ticket
from events.domain.waiting import LONGEST_WAIT_SECONDS
from omnify.common.envelope import Code

_NO_TICKET = {404: bad("No ticket has this id.", (Code.TICKET_NOT_FOUND, "There is no such ticket."))}

READ_TICKET = describe(
    operation_id="read_ticket",
    summary="Read a registration",
    description=(
        "The ticket id is all that is needed to read it. No answer contains the name or the e-mail. With `wait` the "
        "answer is held until the status changes; a terminal ticket, and one whose status is not that of the tag in "
        "`If-None-Match`, is answered at once."
    ),
    tags=["registrations"],
    auth=ANYONE,
    parameters=[
        TICKET_ID,
        OpenApiParameter(
            "wait",
            {"type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_SECONDS},
            description="Long poll: seconds to wait for another status.",
        ),
        OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="An `ETag` seen before."),
        sent_header("ETag", "Changes with every change of the ticket, its position in line included.", 200, 304),
        sent_header("Retry-After", "Whole seconds to wait before asking again.", 200, 304, kind=int, always=False),
    ],
    responses={
        200: good(
            success_with(Ticket),
            "The ticket now. Without `Retry-After` its status is final.",
            queued=examples.QUEUED,
            waitlisted=examples.WAITLISTED,
            held=examples.HELD,
            confirmed=examples.CONFIRMED,
            rejected=examples.REJECTED,
            lost=examples.LOST,
        ),
        304: OpenApiResponse(description="Nothing has changed since the `ETag` of `If-None-Match`."),
        400: invalid(
            "wait",
            f"A whole number of seconds from 1 to {LONGEST_WAIT_SECONDS}, once.",
            description="`wait` is not a number of seconds.",
        ),
        **_NO_TICKET,
    },
)

FOLLOW_TICKET = describe(
    operation_id="follow_ticket",
    summary="Follow a registration",
    description=(
        "Server-sent events: first the ticket as it is now, then every change, a new status at once and a new position "
        "about once a second. The terminal status ends the stream. `data` is the object that `read_ticket` returns as "
        "`data`, `id` is its `ETag`. If the stream ends before a terminal status, open it again."
    ),
    tags=["registrations"],
    auth=ANYONE,
    parameters=[
        TICKET_ID,
        OpenApiParameter(
            "Last-Event-ID", str, OpenApiParameter.HEADER, description="The `id` of the last event that came."
        ),
    ],
    responses={
        (200, "text/event-stream"): OpenApiResponse(
            OpenApiTypes.STR, "The stream.", [OpenApiExample("events", value=examples.STREAM, response_only=True)]
        ),
        204: OpenApiResponse(description="The client has the terminal status already, by its `Last-Event-ID`."),
        **_NO_TICKET,
    },
)

CANCEL_TICKET = describe(
    operation_id="cancel_ticket",
    summary="Cancel a registration",
    description=(
        "The ticket id is all that is needed to give the ticket back. The cancellation takes its turn in the event's "
        "queue, behind everything admitted before it; a freed seat goes to the first on the waitlist. A ticket that "
        "has no seat and is not on the waitlist, or was cancelled before, is answered as it is."
    ),
    tags=["registrations"],
    auth=ANYONE,
    parameters=[TICKET_ID, RETRY_UNLESS_FINAL],
    responses={
        202: good(success_with(CancelledTicket), "The ticket now.", ticket=examples.CANCELLING),
        **_NO_TICKET,
        409: bad(
            "The seat cannot be given back any more: its holder was let in, the event is over, or `cancel_until` is.",
            ALREADY_IN,
            OVER,
            (Code.CANCELLATION_CLOSED, "It is too late to cancel a ticket of this event."),
        ),
    },
)
