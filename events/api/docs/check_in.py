"""Description of the entrance."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema

from events.api.docs.answers import CHALLENGE, NO_TOKEN, ORGANIZER, OUTAGE, RETRY_AFTER_OUTAGE, bad, good
from events.api.docs.examples import ATTENDEE
from events.api.docs.shapes import Attendee, answer_with
from omnify.responses import Code

_FIRST = "2030-12-01T17:42:10.120000+00:00"

CHECK_IN = extend_schema(
    operation_id="check_in",
    summary="Check a ticket in",
    description=(
        "Once for each seat: of two doors that send the same ticket at the same time, one gets the 200. A refusal that "
        "speaks of an earlier check-in gives its time in `errors.checked_in_at`."
    ),
    tags=["registrations"],
    auth=ORGANIZER,
    request=None,
    parameters=[
        OpenApiParameter("ticket_id", str, OpenApiParameter.PATH),
        CHALLENGE,
        RETRY_AFTER_OUTAGE,
    ],
    responses={
        200: good(answer_with(Attendee), "Let them in.", checked_in={**ATTENDEE, "checked_in_at": _FIRST}),
        **NO_TOKEN,
        404: bad(
            "There is no such ticket, it is not decided yet, or its event is another organizer's.",
            (Code.TICKET_NOT_FOUND, "There is no such ticket."),
        ),
        409: bad(
            "Not to be let in.",
            (
                Code.ALREADY_CHECKED_IN,
                f"This ticket was checked in already, at {_FIRST}.",
                {"checked_in_at": [_FIRST]},
            ),
            (Code.NOT_CONFIRMED, "This registration is cancelled: it has no seat."),
        ),
        **OUTAGE,
    },
)
