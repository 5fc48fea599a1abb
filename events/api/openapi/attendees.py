"""Descriptions of what an organizer reads about an event."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from events.admission.history import LONGEST_HOURS
from events.api.attendee_fields import GuestCorrectionInput, GuestInput
from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import ACCEPTED, ATTENDEE, STATS, page_example
from events.api.openapi.parameters import (
    EVENT_ID,
    ID,
    LINK,
    MOMENT,
    REFERENCE,
    RETRY_AFTER_READING,
    SEARCH,
    SEARCH_RULE,
    TICKET_ID,
    paging,
    sent_header,
)
from events.api.openapi.responses import (
    ALREADY_IN,
    BAD_QUERY,
    BODY_FAULTS,
    NO_EVENT,
    OVER,
    bad,
    describe,
    good,
    invalid,
)
from events.domain.public.attendee import Attendee, Stats
from events.domain.public.ticket import AcceptedTicket
from omnify.common.envelope import Code

_CSV = "text/csv"
HOURS = {"type": "integer", "minimum": 1, "maximum": LONGEST_HOURS, "default": 1}

LIST_ATTENDEES = describe(
    operation_id="list_attendees",
    summary="List attendees",
    description=(
        "Confirmed registrations in order of admission. Follow `next_page`: it carries a cursor, with which every "
        "page costs the same. `Accept: text/csv` or `?format=csv` streams all of them; cells that a spreadsheet "
        "would run as a formula start with an apostrophe."
    ),
    tags=["attendees"],
    parameters=[
        EVENT_ID,
        *paging(),
        OpenApiParameter(
            "status",
            str,
            enum=["confirmed", "held", "waitlisted", "expired", "cancelled", "rejected"],
            description=(
                "`held`: until `expires_at`; `expired`: since then; `waitlisted`: on the waitlist, the next to get a "
                "seat first; `cancelled`: after a seat or a position on the waitlist; `rejected`: with the reason "
                "(default: confirmed)."
            ),
        ),
        OpenApiParameter("search", SEARCH, description=f"Part of a name or e-mail. {SEARCH_RULE}"),
        OpenApiParameter("checked_in", bool, description="Only guests who are checked in, or who are not."),
        OpenApiParameter(
            "expires_before",
            MOMENT,
            description="Only those whose hold ends, or ended, before that time; of `held` the first to end first.",
        ),
        OpenApiParameter("code", ID, description="Only those who came with the access code of this id."),
        OpenApiParameter(
            "reference",
            REFERENCE,
            description="Only the ticket with this reference, of whatever status unless one is said.",
        ),
        OpenApiParameter("format", str, enum=["json", "csv"], description="Goes before `Accept`."),
        OpenApiParameter("cursor", str, description="Opaque; only from `next_page` and `previous_page`."),
        sent_header("Content-Disposition", "Names the file of a CSV.", 200, always=False),
    ],
    responses={
        (200, "application/json"): good(
            page_of(Attendee),
            "A page of attendees, or all of them as CSV.",
            page=page_example("/events/7/attendees", ATTENDEE, cursor="&cursor=WyJhZnRlciIsMTAsMTBd:1abc:xyz"),
        ),
        (200, _CSV): OpenApiResponse(OpenApiTypes.STR, "A page of attendees, or all of them as CSV."),
        **BAD_QUERY,
        404: bad(
            "There is no such event, it is another organizer's, or there is no such page.",
            (Code.EVENT_NOT_FOUND, "There is no such event."),
            (Code.INVALID_PAGE, "This page does not exist."),
        ),
    },
)

_NO_GUEST = bad(
    "There is no such event or ticket, or it is another organizer's.",
    (Code.EVENT_NOT_FOUND, "There is no such event."),
    (Code.TICKET_NOT_FOUND, "There is no such ticket."),
)

ADD_ATTENDEE = describe(
    operation_id="add_attendee",
    summary="Add a guest",
    description=(
        "Takes its turn in the event's queue, like a registration; also before the opening, after the closing and "
        "while registration is paused. With `beyond_capacity` the guest gets seats for certain: the event, or the "
        "ticket type, grows by what is missing, and seats that are kept for the waitlist stay kept. Without, the guest "
        "gets what a registration would get at this moment."
    ),
    tags=["attendees"],
    request=GuestInput,
    parameters=[
        EVENT_ID,
        sent_header("Location", "The ticket's address.", 202, kind=LINK),
        RETRY_AFTER_READING,
    ],
    responses={
        202: good(success_with(AcceptedTicket), "In line.", ticket=ACCEPTED),
        400: invalid("email", "Enter a valid e-mail address.", description="A bad or missing field."),
        **NO_EVENT,
        409: bad(
            "The e-mail has a ticket already, no seat is left, the event is cancelled, or it is over.",
            (Code.DUPLICATE_REGISTRATION, "This e-mail address is registered for the event already."),
            (Code.SOLD_OUT, "No seat is left. The guest can be added with beyond_capacity."),
            (Code.REGISTRATION_CLOSED, "The event is cancelled."),
            OVER,
        ),
        **BODY_FAULTS,
    },
)

CORRECT_ATTENDEE = describe(
    operation_id="correct_attendee",
    summary="Correct a guest's name or e-mail",
    description=(
        "Takes its turn in the event's queue, and is made before the answer. The ticket, its address and its place "
        "stay as they are. The old e-mail may register again, and the new one cannot. Also after a check-in; not after "
        "the event. Webhooks get `registration.updated`."
    ),
    tags=["attendees"],
    request=GuestCorrectionInput,
    examples=[OpenApiExample("name", value={"name": "Guest One"}, request_only=True)],
    parameters=[EVENT_ID, TICKET_ID],
    responses={
        200: good(success_with(Attendee), "The guest is corrected.", attendee={**ATTENDEE, "name": "Guest One"}),
        400: invalid("email", "Enter a valid e-mail address.", description="A bad name or e-mail, or neither."),
        404: _NO_GUEST,
        409: bad(
            "Another ticket has this e-mail, this one has no seat and does not wait for one, or the event is over.",
            (
                Code.DUPLICATE_REGISTRATION,
                "Another ticket of this event has this e-mail.",
                {"email": ["Another ticket of this event has this e-mail."]},
            ),
            (Code.NOT_CONFIRMED, "This ticket has no seat and is not on the waitlist."),
            OVER,
        ),
        **BODY_FAULTS,
        503: bad(
            "A store is out of reach, and nothing was done; or the correction is still in the queue, and will be made "
            "in its turn. Sending it again is harmless.",
            (Code.UNAVAILABLE, "A part of the service is out of reach. Try again shortly."),
        ),
    },
)

CANCEL_ATTENDEE = describe(
    operation_id="cancel_attendee",
    summary="Cancel a guest's ticket",
    description=(
        "Takes its turn in the event's queue, like the cancellation of a holder; `cancel_until` does not bind it. The "
        "ticket ends `cancelled` for `by_organizer`, its webhooks say so, and the seat goes to the first on the "
        "waitlist. A ticket that has no seat and is not on the waitlist stays as it is: twice is harmless."
    ),
    tags=["attendees"],
    parameters=[EVENT_ID, TICKET_ID],
    responses={
        202: good(success_with(Attendee), "The cancellation takes its turn.", attendee=ATTENDEE),
        404: _NO_GUEST,
        409: bad("Its holder was let in, or the event is over.", ALREADY_IN, OVER),
    },
)

READ_STATS = describe(
    operation_id="read_stats",
    summary="Where registrations stand",
    description=(
        "How many registrations have which status, how long the line is and how fast it moves, now and in the last "
        "hours. The further back, the longer the steps: 10 seconds for one hour, a minute for up to six, ten minutes "
        "for a day."
    ),
    tags=["attendees"],
    parameters=[
        EVENT_ID,
        OpenApiParameter("steps", bool, description="`false` leaves the steps out (default: true)."),
        OpenApiParameter("hours", HOURS, description="How far back the steps go: 1 (the default) to 24."),
    ],
    responses={
        200: good(success_with(Stats), "Counters of the ledger, the queue now, and the last hours.", stats=STATS),
        **BAD_QUERY,
        **NO_EVENT,
    },
)
