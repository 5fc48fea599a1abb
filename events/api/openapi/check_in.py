"""Description of the entrance."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from events.api.check_in_fields import CHECK_IN_ID, CheckInInput, PeopleInput
from events.api.openapi.envelopes import success_with
from events.api.openapi.examples import ATTENDEE, CHECK_IN_CODE, CHECKED_IN_AT, OFFLINE_LIST
from events.api.openapi.parameters import EVENT_ID, MOMENT, REFERENCE_IN_PATH, TICKET_ID
from events.api.openapi.responses import ALREADY_IN, BODY_FAULTS, NO_EVENT, bad, describe, good, invalid
from events.domain.public.attendee import Attendee, OfflineList
from events.domain.public.ticket import REFERENCE
from omnify.common.envelope import Code

_NO_SEAT = (Code.NOT_CONFIRMED, "This registration is cancelled: it has no seat.")
_REFUSED = bad(
    "Not to be let in.",
    ALREADY_IN,
    _NO_SEAT,
)
_NOT_FOUND = bad(
    "There is no such ticket, it is not decided yet or for another event; or the event is another organizer's.",
    (Code.TICKET_NOT_FOUND, "This ticket is for another event."),
    (Code.EVENT_NOT_FOUND, "There is no such event."),
)

CHECK_IN_BY_CODE = describe(
    operation_id="check_in_by_code",
    summary="Check in at the entrance",
    description=(
        "`code` is what the ticket's QR code holds (one of an earlier release holds a ticket id); `reference` names a "
        "guest who was picked from the list, which `GET /events/{id}/attendees?search=` narrows. Once for each seat: "
        "of two doors that send the same code at the same time, one gets the 200. A refusal that speaks of an earlier "
        "check-in gives its time in `errors.checked_in_at`. Who has been let in cannot give the seat back. A device "
        "that had no network says in `checked_in_at` when it happened, and gives the check-in a name of its own in "
        "`check_in_id`: the same again is the same check-in, a 200. Without a name, the same ticket and time again is. "
        "A group has one code, and may come in parts: `quantity` of it at once."
    ),
    tags=["check-in"],
    request=CheckInInput,
    examples=[
        OpenApiExample("code", value={"code": CHECK_IN_CODE}, request_only=True),
        OpenApiExample("picked from the list", value={"reference": REFERENCE}, request_only=True),
    ],
    parameters=[EVENT_ID],
    responses={
        200: good(success_with(Attendee), "Let them in.", checked_in={**ATTENDEE, "checked_in_at": CHECKED_IN_AT}),
        400: invalid(
            "code",
            "Send one of code, ticket_id and reference.",
            description=(
                "Malformed JSON, not exactly one of the three fields, or a `quantity` that the ticket is not for."
            ),
        ),
        404: _NOT_FOUND,
        409: _REFUSED,
        **BODY_FAULTS,
    },
)

READ_OFFLINE_LIST = describe(
    operation_id="read_offline_list",
    summary="List for a device without a network",
    description=(
        "For each ticket with a seat: the hash of its check-in code, and how many are still to come in with it. The "
        "hash is the first 16 bytes of the code's SHA-256, in URL-safe base64 without padding: 22 characters. It leads "
        "to no code: 24 of a code's characters are unguessable. What such a device admits it sends later to "
        "`POST /events/{event_id}/check-ins`, with `checked_in_at` and `check_in_id`; a 409 says that the ticket came "
        "in elsewhere, too."
    ),
    tags=["check-in"],
    parameters=[EVENT_ID],
    responses={200: good(success_with(OfflineList), "All tickets at once, streamed.", list=OFFLINE_LIST), **NO_EVENT},
)

UNDO_CHECK_IN = describe(
    operation_id="undo_check_in",
    summary="Undo a check-in",
    description=(
        "The ticket is named by its `reference`. Twice is harmless. With `check_in_id` only what a device let in under "
        "that name is undone: a part of a group, or nothing if that was another device's check-in. With "
        "`checked_in_at` it is what came in at that time, as it is on record."
    ),
    tags=["check-in"],
    parameters=[
        EVENT_ID,
        REFERENCE_IN_PATH,
        OpenApiParameter(
            "check_in_id",
            {"type": "string", "pattern": CHECK_IN_ID},
            description="Which part of a group, by its name. Default: all.",
        ),
        OpenApiParameter("checked_in_at", MOMENT, description="Which part of a group, by its time. Default: all."),
    ],
    responses={
        200: good(success_with(Attendee), "Not checked in.", undone=ATTENDEE),
        400: invalid("checked_in_at", "This must be a moment in ISO 8601.", description="A time that cannot be read."),
        404: _NOT_FOUND,
        409: bad("The event was cancelled: its check-ins stay on record.", _NO_SEAT),
    },
)

CHECK_IN = describe(
    operation_id="check_in",
    summary="Check a ticket in",
    description=(
        "Once for each seat: of two doors that send the same ticket at the same time, one gets the 200. A refusal that "
        "speaks of an earlier check-in gives its time in `errors.checked_in_at`."
    ),
    tags=["check-in"],
    request=PeopleInput,
    parameters=[
        TICKET_ID,
    ],
    responses={
        400: invalid(
            "quantity",
            "This ticket is for 4.",
            description="Malformed JSON, or a `quantity` that the ticket is not for.",
        ),
        200: good(success_with(Attendee), "Let them in.", checked_in={**ATTENDEE, "checked_in_at": CHECKED_IN_AT}),
        404: bad(
            "There is no such ticket, it is not decided yet, or its event is another organizer's.",
            (Code.TICKET_NOT_FOUND, "There is no such ticket."),
        ),
        409: _REFUSED,
        **BODY_FAULTS,
    },
)
