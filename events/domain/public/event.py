"""The public event, and how it is rendered from the snapshot of its row."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from events.domain.public.definition import Time
from events.domain.snapshot import EventSnapshot
from events.domain.states import EventState, Visibility, event_state
from events.domain.times import iso


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


def render_event(snapshot: EventSnapshot, *, now_ms: int) -> Event:
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
    )


def _seats_left(snapshot: EventSnapshot) -> int:
    """Counts the seats that the ledger has not given out."""
    return max(0, snapshot.max_capacity - snapshot.confirmed_count)


def state_of(snapshot: EventSnapshot, *, now_ms: int) -> EventState:
    """Tells what a visitor can do with the event at `now_ms`."""
    return event_state(
        now_ms=now_ms,
        opens_ms=snapshot.opens_ms,
        closes_ms=snapshot.closes_ms,
        cancelled=snapshot.cancelled,
        seats_left=_seats_left(snapshot),
        waitlist_left=max(0, snapshot.waitlist_capacity - snapshot.waitlisted_count),
    )
