"""Descriptions of `/events` and of changing an event."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import EVENT, EVENT_BODY, page_example
from events.api.openapi.responses import (
    ANYONE,
    BODY_FAULTS,
    CHALLENGE,
    NO_EVENT,
    NO_TOKEN,
    ORGANIZER,
    OUTAGE,
    RETRY_AFTER_OUTAGE,
    SEARCH_RULE,
    UNKNOWN_TOKEN,
    bad,
    event_id_in_path,
    good,
    paging,
    sent_header,
)
from events.api.serializers import EventInput
from events.domain.public.event import Event
from events.domain.states import EventState
from omnify.common.envelope import Code

_INVALID = bad(
    "Malformed JSON, or a missing or bad field; `errors` names each.",
    (Code.INVALID, "The request is not valid.", {"end_time": ["The end must be after the start."]}),
)
NO_PAGE = {404: bad("There are fewer pages.", (Code.INVALID_PAGE, "This page does not exist."))}
BAD_QUERY = {
    400: bad(
        "A bad or unknown query parameter, or one that is given twice.",
        (Code.INVALID, "The request is not valid.", {"page_size": ["A whole number from 1 to 100."]}),
    )
}

OVER = (Code.EVENT_OVER, "The event is over: no seat moves any more.")

LIST_EVENTS = extend_schema(
    operation_id="list_events",
    summary="List events",
    description=(
        "Events that are not over, soonest start first; with `past=true` those that are, the latest first. Filters "
        "narrow each other down."
    ),
    tags=["events"],
    auth=ANYONE,
    parameters=[
        *paging(),
        OpenApiParameter(
            "state",
            str,
            enum=[state.value for state in EventState],
            description="Only events whose `registration_state` is this.",
        ),
        OpenApiParameter("search", str, description=f"Part of a name or a location. {SEARCH_RULE}"),
        OpenApiParameter("past", bool, description="`true`: events that are over."),
        OpenApiParameter("mine", bool, description="`true`: only the organizer's own events; needs a token."),
        CHALLENGE,
        RETRY_AFTER_OUTAGE,
    ],
    responses={
        200: good(page_of(Event), "A page of events.", page=page_example("/events", EVENT)),
        **BAD_QUERY,
        **UNKNOWN_TOKEN,
        **NO_PAGE,
        **OUTAGE,
    },
)

CREATE_EVENT = extend_schema(
    operation_id="create_event",
    summary="Create an event",
    description="The organizer of the token becomes its owner. Times need an offset and are kept in milliseconds.",
    tags=["events"],
    auth=ORGANIZER,
    request=EventInput,
    examples=[OpenApiExample("event", value=EVENT_BODY, request_only=True)],
    parameters=[sent_header("Location", "Where the event is.", 201), CHALLENGE, RETRY_AFTER_OUTAGE],
    responses={
        201: good(success_with(Event), "The event is created.", event=EVENT),
        400: _INVALID,
        **NO_TOKEN,
        **BODY_FAULTS,
        **OUTAGE,
    },
)

CHANGE_EVENT = extend_schema(
    operation_id="change_event",
    summary="Change an event",
    description=(
        "Any of the fields. The capacity may grow at any time (the waitlist moves up) and shrink to no less than "
        "`confirmed_count`; the waitlist's may shrink to no less than `waitlisted_count`. A change of either takes its "
        "turn in the event's queue, and is made before the answer. A registration that closes with the event goes on "
        "doing so when `end_time` moves."
    ),
    tags=["events"],
    auth=ORGANIZER,
    request=EventInput,
    examples=[OpenApiExample("capacity", value={"max_capacity": 800}, request_only=True)],
    parameters=[event_id_in_path(), CHALLENGE, RETRY_AFTER_OUTAGE],
    responses={
        200: good(success_with(Event), "The event is changed.", event={**EVENT, "max_capacity": 800}),
        400: _INVALID,
        **NO_TOKEN,
        **NO_EVENT,
        409: bad(
            "More registrations are confirmed, or on the waitlist, than the new sizes allow; or the event has ended: "
            "then only name and location can be changed.",
            (Code.CAPACITY_BELOW_CONFIRMED, "120 registrations are already confirmed."),
            (Code.CAPACITY_BELOW_WAITLISTED, "40 registrations are on the waitlist."),
            OVER,
        ),
        **BODY_FAULTS,
        **OUTAGE,
        503: bad(
            "A store is out of reach, and nothing was done; or a change of the capacity is still in the queue, and "
            "will be made in its turn. Sending it again is harmless.",
            (Code.UNAVAILABLE, "A part of the service is out of reach. Try again shortly."),
        ),
    },
)

CANCEL_EVENT = extend_schema(
    operation_id="cancel_event",
    summary="Cancel an event",
    description=(
        "Registration closes at once. What is still queued ends `rejected` for `event_cancelled`; confirmed and "
        "waitlisted registrations end `cancelled`, in the event's queue. Cancelling twice is harmless."
    ),
    tags=["events"],
    auth=ORGANIZER,
    request=None,
    parameters=[event_id_in_path(), CHALLENGE, RETRY_AFTER_OUTAGE],
    responses={
        200: good(success_with(Event), "The event is cancelled.", event={**EVENT, "registration_state": "cancelled"}),
        **NO_TOKEN,
        **NO_EVENT,
        409: bad("The event has taken place.", OVER),
        **OUTAGE,
    },
)
