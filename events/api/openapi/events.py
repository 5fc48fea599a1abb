"""Descriptions of `/events` and of changing an event."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from events.api.openapi.envelopes import page_of, success_with
from events.api.openapi.examples import EVENT, EVENT_BODY, page_example
from events.api.openapi.parameters import CHALLENGE, EVENT_ID, LINK, SEARCH, SEARCH_RULE, paging, sent_header
from events.api.openapi.responses import (
    ANYONE,
    BAD_QUERY,
    BODY_FAULTS,
    NO_EVENT,
    NO_PAGE,
    OVER,
    UNKNOWN_TOKEN,
    bad,
    describe,
    good,
    invalid,
)
from events.api.serializers import EventChanges, EventCopy, EventInput
from events.domain.public.event import Event
from events.domain.states import EventState
from omnify.common.envelope import Code

_INVALID = invalid("end_time", "The end must be after the start.")

LIST_EVENTS = describe(
    operation_id="list_events",
    summary="List events",
    description=(
        "Public events that are not over, soonest start first; with `past=true` those that are, the latest first. "
        "Filters narrow each other down."
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
        OpenApiParameter("search", SEARCH, description=f"Part of a name or a location. {SEARCH_RULE}"),
        OpenApiParameter("past", bool, description="`true`: events that are over."),
        OpenApiParameter(
            "mine",
            bool,
            description="`true`: the organizer's own events alone, drafts and unlisted ones too; needs a token.",
        ),
        CHALLENGE,
    ],
    responses={
        200: good(page_of(Event), "A page of events.", page=page_example("/events", EVENT)),
        **BAD_QUERY,
        **UNKNOWN_TOKEN,
        **NO_PAGE,
    },
)

CREATE_EVENT = describe(
    operation_id="create_event",
    summary="Create an event",
    description="The organizer of the token becomes its owner. Times need an offset and are kept in milliseconds.",
    tags=["events"],
    request=EventInput,
    examples=[OpenApiExample("event", value=EVENT_BODY, request_only=True)],
    parameters=[sent_header("Location", "Where the event is.", 201, kind=LINK)],
    responses={
        201: good(success_with(Event), "The event is created.", event=EVENT),
        400: _INVALID,
        **BODY_FAULTS,
    },
)

CHANGE_EVENT = describe(
    operation_id="change_event",
    summary="Change an event",
    description=(
        "Any of the fields. The capacity may grow at any time (the waitlist moves up) and shrink to no less than "
        "`confirmed_count`; the waitlist's may shrink to no less than `waitlisted_count`. A change of either takes its "
        "turn in the event's queue, and is made before the answer. A registration that closes with the event goes on "
        "doing so when `end_time` moves.\n\n"
        "`ticket_types` replaces the list by `id`: a type with an `id` keeps what is left out, one without is new, and "
        "one that is missing goes, unless it has tickets. An event without types may get some while it has no "
        "registration."
    ),
    tags=["events"],
    request=EventChanges,
    examples=[OpenApiExample("capacity", value={"max_capacity": 800}, request_only=True)],
    parameters=[EVENT_ID],
    responses={
        200: good(success_with(Event), "The event is changed.", event={**EVENT, "max_capacity": 800}),
        400: _INVALID,
        **NO_EVENT,
        409: bad(
            "More registrations are confirmed, or on the waitlist, than the new sizes allow, or a group that waits "
            "asks for more; a ticket type that is to go has tickets; or the event has ended: "
            "then only name and location can be changed.",
            (Code.CAPACITY_BELOW_CONFIRMED, "120 seats are taken already."),
            (Code.CAPACITY_BELOW_WAITLISTED, "40 registrations are on the waitlist."),
            (Code.TYPE_IN_USE, "A ticket type that has tickets cannot go."),
            OVER,
        ),
        **BODY_FAULTS,
        503: bad(
            "A store is out of reach, and nothing was done; or a change of the capacity is still in the queue, and "
            "will be made in its turn. Sending it again is harmless.",
            (Code.UNAVAILABLE, "A part of the service is out of reach. Try again shortly."),
        ),
    },
)

DELETE_EVENT = describe(
    operation_id="delete_event",
    summary="Delete an event",
    description=(
        "Only while no one has registered: a registration that is queued counts, and so does one that was rejected or "
        "cancelled. Webhooks and tokens that are for this event alone go with it. An event with registrations can be "
        "cancelled."
    ),
    tags=["events"],
    parameters=[EVENT_ID],
    responses={
        200: good(success_with(Event), "The event is deleted; this is what it was.", event=EVENT),
        **NO_EVENT,
        409: bad(
            "Someone has registered.",
            (Code.EVENT_IN_USE, "Someone has registered for this event. It can be cancelled."),
        ),
    },
)

DUPLICATE_EVENT = describe(
    operation_id="duplicate_event",
    summary="Duplicate an event",
    description=(
        "A new event with the settings of this one, and a draft unless `visibility` is sent. Any field of an event may "
        "be sent to be different. A `start_time` moves the times that are not sent by as much: a weekly event needs no "
        "more. Without it the times stay, which is 400 once the event is over. Registrations, webhooks, tokens and a "
        "cancellation are not copied."
    ),
    tags=["events"],
    request=EventCopy,
    examples=[OpenApiExample("next week", value={"start_time": "2030-12-08T19:00:00+01:00"}, request_only=True)],
    parameters=[EVENT_ID, sent_header("Location", "Where the new event is.", 201, kind=LINK)],
    responses={
        201: good(success_with(Event), "The new event.", event={**EVENT, "id": 8, "visibility": "draft"}),
        400: _INVALID,
        **NO_EVENT,
        **BODY_FAULTS,
    },
)

CANCEL_EVENT = describe(
    operation_id="cancel_event",
    summary="Cancel an event",
    description=(
        "Registration closes at once. What is still queued ends `rejected` for `event_cancelled`; confirmed and "
        "waitlisted registrations end `cancelled`, in the event's queue. Cancelling twice is harmless."
    ),
    tags=["events"],
    request=None,
    parameters=[EVENT_ID],
    responses={
        200: good(success_with(Event), "The event is cancelled.", event={**EVENT, "registration_state": "cancelled"}),
        **NO_EVENT,
        409: bad("The event has taken place.", OVER),
    },
)

PAUSE_EVENT = describe(
    operation_id="pause_event",
    summary="Pause registration",
    description=(
        "From now on a registration is 409 `registration_paused` with `Retry-After`. What is queued is decided, tickets"
        " can be read and cancelled, and the waitlist moves. Pausing twice is harmless."
    ),
    tags=["events"],
    request=None,
    parameters=[EVENT_ID],
    responses={
        200: good(success_with(Event), "Registration is paused.", event={**EVENT, "registration_paused": True}),
        **NO_EVENT,
        409: bad("The event has taken place.", OVER),
    },
)

RESUME_EVENT = describe(
    operation_id="resume_event",
    summary="Resume registration",
    description="Registration follows its times again. Resuming twice is harmless.",
    tags=["events"],
    request=None,
    parameters=[EVENT_ID],
    responses={
        200: good(success_with(Event), "Registration goes on.", event=EVENT),
        **NO_EVENT,
        409: bad("The event has taken place.", OVER),
    },
)
