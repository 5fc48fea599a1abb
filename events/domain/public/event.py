"""The public event, and how it is rendered from the snapshot of its row."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import astuple

from events.domain.holds import IN_TERMS, AppliesTo, ConfirmedBy
from events.domain.public.definition import Link, Time, one_of
from events.domain.snapshot import EventSnapshot, TypeSnapshot
from events.domain.states import Access, Admission, DrawState, EventState, Visibility, event_state
from events.domain.times import iso


class TicketType(Struct, frozen=True):
    """A ticket type of an event, with seats and a waitlist of its own."""

    id: Annotated[int, Meta(examples=[7001])]
    name: Annotated[str, Meta(examples=["Balcony"])]
    capacity: Annotated[int, Meta(examples=[120])]
    waitlist_capacity: Annotated[int, Meta(examples=[0])]
    max_quantity: Annotated[int, Meta(description="Seats of one registration at most.", examples=[4])]
    price: Annotated[str, Meta(description="As it is shown; empty: none is shown.", examples=["€ 18"])]
    confirmed_count: Annotated[int, Meta(examples=[90])]
    held_count: Annotated[int, Meta(examples=[0])]
    waitlisted_count: Annotated[int, Meta(examples=[0])]
    seats_left: Annotated[
        int, Meta(description="For the next to come: seats kept for a waiting group are taken.", examples=[30])
    ]
    registration_state: Annotated[EventState, Meta(examples=["open"])]


class Hold(Struct, frozen=True):
    """How the seats of an event are set aside, and until whose confirmation."""

    seconds: Annotated[int, Meta(description="For how long.", examples=[600])]
    confirmed_by: Annotated[
        ConfirmedBy,
        Meta(
            description="`organizer`: after a payment, say. `holder`: it is an offer to accept.",
            examples=["organizer"],
            extra_json_schema=one_of(IN_TERMS),
        ),
    ]
    applies_to: Annotated[
        AppliesTo,
        Meta(description="`all` seats, or those alone that the `waitlist` gets.", examples=["all"]),
    ]


class Event(Struct, frozen=True):
    """An event as every client sees it. Times in UTC."""

    id: Annotated[int, Meta(examples=[7])]
    name: Annotated[str, Meta(examples=["Winter concert"])]
    location: Annotated[str, Meta(examples=["Town hall"])]
    max_capacity: Annotated[int, Meta(examples=[500])]
    waitlist_capacity: Annotated[int, Meta(examples=[0])]
    start_time: Annotated[Time, Meta(examples=["2030-12-01T18:00:00.000+00:00"])]
    end_time: Annotated[Time, Meta(examples=["2030-12-01T21:00:00.000+00:00"])]
    registration_opens_at: Annotated[Time, Meta(examples=["2030-11-01T09:00:00.000+00:00"])]
    registration_closes_at: Annotated[Time, Meta(examples=["2030-12-01T21:00:00.000+00:00"])]
    confirmed_count: Annotated[int, Meta(examples=[120])]
    waitlisted_count: Annotated[int, Meta(examples=[0])]
    seats_left: Annotated[int, Meta(examples=[380])]
    registration_state: Annotated[EventState, Meta(examples=["open"])]
    revision: Annotated[
        int, Meta(description="Grows with each change by the organizer; not with registrations.", examples=[0])
    ]
    updated_at: Annotated[
        Time, Meta(description="The last of these changes.", examples=["2030-10-20T08:00:00.000+00:00"])
    ]
    visibility: Annotated[
        Visibility,
        Meta(
            description="`unlisted`: in no list, open to all who have the link. `draft`: 404 to all but its organizer.",
            examples=["public"],
        ),
    ]
    registration_paused: Annotated[
        bool,
        Meta(
            description="The organizer has stopped it for now. `registration_state` is what it is without the pause.",
            examples=[False],
        ),
    ]
    cancel_until: Annotated[
        Time,
        Meta(
            description="Until when a confirmed ticket can be cancelled by its holder.",
            examples=["2030-12-01T18:00:00.000+00:00"],
        ),
    ]
    held_count: Annotated[int, Meta(description="Seats set aside for a while.", examples=[0])]
    hold: Annotated[Hold | None, Meta(description="How seats are set aside before they are confirmed; null: not.")]
    max_quantity: Annotated[
        int, Meta(description="Seats of one registration at most; with ticket types, the most of any.", examples=[1])
    ]
    ticket_types: Annotated[
        list[TicketType],
        Meta(description="Empty if the event has none. Sizes and counts are the sums of theirs.", examples=[[]]),
    ]
    access: Annotated[Access, Meta(description="`code`: a registration needs a `code`.", examples=["open"])]
    has_codes: Annotated[
        bool,
        Meta(description="Whether it has access codes, which may let in before registration opens.", examples=[False]),
    ]
    admission: Annotated[
        Admission,
        Meta(description="`draw`: all who register before `draw_at` have the same chance.", examples=["first_come"]),
    ]
    draw_at: Annotated[Time | None, Meta(description="When the draw is; null: there is none.", examples=[None])]
    draw_state: Annotated[
        DrawState | None,
        Meta(
            description="`open`: registrations enter it. `sealed`: it is being held. `drawn`: it was. Null: no draw.",
            examples=[None],
        ),
    ]
    entered_count: Annotated[int, Meta(description="Seats that are asked for in the draw.", examples=[0])]
    mail: Annotated[
        bool, Meta(description="Whether guests are to get mail about it, where the service sends any.", examples=[True])
    ]
    verify_email: Annotated[
        bool,
        Meta(
            description="A registration is kept only if its address is proved by the token that is mailed to it.",
            examples=[False],
        ),
    ]
    timezone: Annotated[
        str, Meta(description="The venue's, by its IANA name: pages and calendars show it.", examples=["Europe/Paris"])
    ]
    calendar_url: Annotated[
        Link | None,
        Meta(
            description="A calendar of the organizer's public events, to subscribe to; null: this is none of them.",
            examples=["/o/3/events.ics"],
        ),
    ]
    previous_start_time: Annotated[
        Time | None, Meta(description="The start before it was moved last; null: it was not.", examples=[None])
    ]
    description: Annotated[
        str | UnsetType,
        Meta(description="Markdown. Only in answers about one event: not in lists, nor in messages.", examples=[""]),
    ] = UNSET


def render_event(snapshot: EventSnapshot, *, now_ms: int, description: str | UnsetType = UNSET) -> Event:
    """Renders the event as it is at `now_ms` (milliseconds since 1970)."""
    return Event(
        id=snapshot.event_id,
        name=snapshot.name,
        location=snapshot.location,
        max_capacity=snapshot.max_capacity,
        waitlist_capacity=snapshot.waitlist_capacity,
        start_time=iso(snapshot.start_ms),
        end_time=iso(snapshot.end_ms),
        registration_opens_at=iso(snapshot.opens_ms),
        registration_closes_at=iso(snapshot.closes_ms),
        confirmed_count=snapshot.confirmed_count,
        waitlisted_count=snapshot.waitlisted_count,
        seats_left=_seats_left(snapshot),
        registration_state=state_of(snapshot, now_ms=now_ms),
        revision=snapshot.revision,
        updated_at=iso(snapshot.updated_ms),
        visibility=snapshot.visibility,
        registration_paused=snapshot.paused,
        cancel_until=iso(snapshot.cancel_until_ms or snapshot.start_ms),
        held_count=snapshot.held_count,
        hold=Hold(*astuple(snapshot.hold)) if snapshot.hold else None,
        max_quantity=max((found.max_quantity for found in snapshot.ticket_types), default=snapshot.max_quantity),
        ticket_types=[_render_type(found, snapshot, now_ms) for found in snapshot.ticket_types],
        access=snapshot.access,
        has_codes=snapshot.has_codes,
        admission=Admission.DRAW if snapshot.draw_ms else Admission.FIRST_COME,
        draw_at=iso(snapshot.draw_ms) if snapshot.draw_ms else None,
        draw_state=snapshot.draw_state or None,
        entered_count=snapshot.entered_count,
        mail=snapshot.mail,
        verify_email=snapshot.verify_email,
        timezone=snapshot.timezone,
        calendar_url=_calendar_url(snapshot),
        description=description,
        previous_start_time=iso(snapshot.previous_start_ms) if snapshot.previous_start_ms else None,
    )


def _calendar_url(snapshot: EventSnapshot) -> str | None:
    is_listed = snapshot.visibility is Visibility.PUBLIC and snapshot.organizer_id
    return f"/o/{snapshot.organizer_id}/events.ics" if is_listed else None


def _render_type(found: TypeSnapshot, event: EventSnapshot, now_ms: int) -> TicketType:
    return TicketType(
        id=found.id,
        name=found.name,
        capacity=found.capacity,
        waitlist_capacity=found.waitlist_capacity,
        max_quantity=found.max_quantity,
        price=found.price,
        confirmed_count=found.confirmed_count,
        held_count=found.held_count,
        waitlisted_count=found.waitlisted_count,
        seats_left=_left_of(found),
        registration_state=_state(event, now_ms, _left_of(found), found.waitlist_capacity - found.waitlisted_count),
    )


def _seats_left(snapshot: EventSnapshot) -> int:
    """Counts the seats that the next to come can get. Those that are kept for a waiting group count as taken."""
    if snapshot.ticket_types:
        return sum(map(_left_of, snapshot.ticket_types))
    if snapshot.waitlisted_count:
        return 0
    return max(0, snapshot.max_capacity - snapshot.confirmed_count - snapshot.held_count)


def _left_of(found: TypeSnapshot) -> int:
    return 0 if found.waitlisted_count else max(0, found.capacity - found.confirmed_count - found.held_count)


def state_of(snapshot: EventSnapshot, *, now_ms: int) -> EventState:
    """Tells what a visitor can do with the event at `now_ms`."""
    return _state(
        snapshot, now_ms, _seats_left(snapshot), max(0, snapshot.waitlist_capacity - snapshot.waitlisted_count)
    )


def _state(event: EventSnapshot, now_ms: int, seats_left: int, waitlist_left: int) -> EventState:
    return event_state(
        now_ms=now_ms,
        opens_ms=event.opens_ms,
        closes_ms=event.closes_ms,
        cancelled=event.cancelled,
        seats_left=seats_left,
        waitlist_left=waitlist_left,
    )
