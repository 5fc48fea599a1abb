"""What an organizer reads about the people of an event."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from events.domain.public.definition import ReferenceText, TicketIdText, Time, one_of
from events.domain.public.ticket import REFERENCE, TICKET_ID
from events.domain.states import Reason, Status


class Attendee(Struct, frozen=True, kw_only=True):
    """A decided registration as its organizer sees it."""

    ticket_id: Annotated[
        TicketIdText | UnsetType, Meta(description="With a token of the scope `full` alone.", examples=[TICKET_ID])
    ] = UNSET
    reference: Annotated[
        ReferenceText,
        Meta(description="Names the ticket to people, in logs and exports; opens nothing.", examples=[REFERENCE]),
    ]
    name: Annotated[str, Meta(examples=["Ada Lovelace"])]
    email: Annotated[str, Meta(examples=["ada@example.com"])]
    quantity: Annotated[int, Meta(description="How many seats the ticket is for.", examples=[1])]
    ticket_type: Annotated[
        int | None, Meta(description="The id of its ticket type; null if the event has none.", examples=[None])
    ]
    confirmed_at: Annotated[
        Time | None, Meta(description="Null if it never had a seat.", examples=["2030-11-01T09:00:00.250+00:00"])
    ]
    sequence: Annotated[int, Meta(description="Number in the order of admission; gaps are legal.", examples=[1])]
    checked_in_at: Time | None
    checked_in_quantity: Annotated[int, Meta(description="How many of the group have been let in.", examples=[0])]
    reason: Annotated[
        str | None,
        Meta(
            description="Why it was rejected, or by whom it was cancelled; null otherwise.",
            extra_json_schema=one_of(Reason),
        ),
    ]
    expires_at: Annotated[
        Time | None, Meta(description="Until when it is held, or was; null unless `held` or `expired`.")
    ]
    status: Annotated[str, Meta(examples=["confirmed"], extra_json_schema=one_of(Status))]
    code_id: Annotated[
        int | None, Meta(description="The id of the access code that it came with; null if none.", examples=[None])
    ]
    code_hint: Annotated[
        str | None, Meta(description="The first characters of that code; empty for a short one.", examples=[None])
    ]


class OfflineList(Struct, frozen=True, kw_only=True):
    """What a device at the entrance needs while it has no network: no name, and no code."""

    event_id: Annotated[int, Meta(examples=[7])]
    read_at: Annotated[Time, Meta(description="By the service's clock.", examples=["2030-12-01T17:30:00.000+00:00"])]
    # Last: it is streamed.
    tickets: Annotated[
        dict[str, int],
        Meta(
            description="How many are still to come in, by the hash of the check-in code.",
            examples=[{"zH0tDEhQNYh3FBuLsM5Igg": 1, "5-AzPwrVO3sLdzZ8JMwnMw": 0}],
        ),
    ]


class RejectedCounts(Struct, frozen=True, kw_only=True):
    """Rejections by reason, all reasons present."""

    sold_out: int
    duplicate: int
    registration_closed: int
    event_cancelled: int
    not_drawn: int
    invalid: int


class TypeStep(Struct, frozen=True, kw_only=True):
    """A ticket type at the end of a step."""

    id: Annotated[int, Meta(examples=[12])]
    taken: Annotated[int, Meta(description="Seats that are confirmed or set aside.", examples=[80])]
    waitlisted: Annotated[int, Meta(description="Seats waited for.", examples=[0])]


class StatsStep(Struct, frozen=True, kw_only=True):
    """Some seconds in which something was decided."""

    at: Annotated[Time, Meta(description="When it began.", examples=["2030-11-01T09:00:00.000+00:00"])]
    admitted: Annotated[
        int, Meta(description="Registrations and commands taken in since the step before.", examples=[3000])
    ]
    queued: Annotated[int, Meta(description="At its end.", examples=[1200])]
    confirmed: Annotated[int, Meta(description="Seats at its end.", examples=[120])]
    held: Annotated[int, Meta(description="Seats set aside at its end.", examples=[0])]
    waitlisted: Annotated[int, Meta(description="Seats waited for at its end.", examples=[0])]
    decided: Annotated[
        dict[str, int],
        Meta(
            description="How many tickets got which status or, if rejected, for which reason.",
            examples=[{"confirmed": 120, "sold_out": 1680}],
        ),
    ]
    ticket_types: Annotated[
        list[TypeStep], Meta(description="The event's ticket types at its end; empty if it has none.", examples=[[]])
    ]


class Stats(Struct, frozen=True, kw_only=True):
    """Where an event's registrations stand."""

    queued: Annotated[int, Meta(examples=[3100])]
    confirmed: Annotated[int, Meta(examples=[120])]
    held: Annotated[int, Meta(description="Seats set aside for a while.", examples=[0])]
    waitlisted: Annotated[int, Meta(examples=[0])]
    rejected: Annotated[
        RejectedCounts,
        Meta(
            examples=[
                dict.fromkeys(("sold_out", "duplicate", "registration_closed", "event_cancelled"), 0)
                | {"duplicate": 4, "not_drawn": 0, "invalid": 0},
            ]
        ),
    ]
    cancelled: Annotated[int, Meta(examples=[0])]
    expired: Annotated[int, Meta(description="Tickets whose hold ran out.", examples=[0])]
    checked_in: Annotated[
        int,
        Meta(description="Of the confirmed; of a cancelled event those who were let in.", examples=[0]),
    ]
    admitted_per_second: Annotated[float, Meta(description="Over the last seconds.", examples=[9500.0])]
    decided_per_second: Annotated[float, Meta(description="Over the last seconds.", examples=[4200.0])]
    oldest_queued_seconds: Annotated[
        float, Meta(description="Age of the head of the queue; 0 when it is empty.", examples=[0.7])
    ]
    step_seconds: Annotated[int, Meta(description="How long a step is.", examples=[10])]
    steps: Annotated[
        list[StatsStep],
        Meta(
            description="The last hour or, with `?hours=`, hours, the oldest step first; without those in which "
            "nothing was decided, and empty with `?steps=false`.",
            examples=[
                [
                    {
                        "at": "2030-11-01T09:00:00.000+00:00",
                        "admitted": 3000,
                        "queued": 1200,
                        "confirmed": 120,
                        "held": 0,
                        "waitlisted": 0,
                        "decided": {"confirmed": 120, "sold_out": 1680},
                        "ticket_types": [],
                    }
                ]
            ],
        ),
    ]
