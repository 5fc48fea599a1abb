"""The states of a registration and of an event, and the transitions between them."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The status of a registration. Names are part of the public contract."""

    QUEUED = "queued"
    ENTERED = "entered"
    HELD = "held"
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    LOST = "lost"


class Reason(StrEnum):
    """Why a registration was rejected, or by whom it was cancelled. Names are part of the public contract."""

    SOLD_OUT = "sold_out"
    DUPLICATE = "duplicate"
    REGISTRATION_CLOSED = "registration_closed"
    EVENT_CANCELLED = "event_cancelled"
    NOT_DRAWN = "not_drawn"
    INVALID = "invalid"
    BY_HOLDER = "by_holder"
    BY_ORGANIZER = "by_organizer"


REJECTION_REASONS = (
    *(Reason.SOLD_OUT, Reason.DUPLICATE, Reason.REGISTRATION_CLOSED),
    *(Reason.EVENT_CANCELLED, Reason.NOT_DRAWN, Reason.INVALID),
)
CANCELLATION_REASONS = (Reason.BY_HOLDER, Reason.BY_ORGANIZER, Reason.EVENT_CANCELLED)


class EventState(StrEnum):
    """What a visitor can do with an event now."""

    UPCOMING = "upcoming"
    OPEN = "open"
    WAITLIST = "waitlist"
    SOLD_OUT = "sold_out"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Visibility(StrEnum):
    """Who sees an event: all, in lists too; those who know its address; or its organizer alone."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    DRAFT = "draft"


class Access(StrEnum):
    """Who may register: all, or those who have a code."""

    OPEN = "open"
    CODE = "code"


class Admission(StrEnum):
    """Who gets the seats: the first to come, or those whom a draw gives them."""

    FIRST_COME = "first_come"
    DRAW = "draw"


class DrawState(StrEnum):
    """How far an event's draw is."""

    NONE = ""
    OPEN = "open"  # registrations are entered
    SEALED = "sealed"  # no more are; the order is being found, and the seats given in it
    DRAWN = "drawn"  # from here on the first to come gets what is left


# A status changes only along these edges; any other change would run backwards.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset(
        {
            *(Status.ENTERED, Status.HELD, Status.CONFIRMED, Status.WAITLISTED),
            *(Status.REJECTED, Status.CANCELLED, Status.LOST),
        }
    ),
    Status.ENTERED: frozenset({Status.HELD, Status.CONFIRMED, Status.WAITLISTED, Status.REJECTED, Status.CANCELLED}),
    # Where addresses are proved, one that was not ends there too.
    Status.WAITLISTED: frozenset({Status.HELD, Status.CONFIRMED, Status.EXPIRED, Status.CANCELLED}),
    Status.HELD: frozenset({Status.CONFIRMED, Status.EXPIRED, Status.CANCELLED}),
    Status.CONFIRMED: frozenset({Status.CANCELLED}),
    Status.REJECTED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.LOST: frozenset(),
}

# These hold the e-mail of the event: a second registration under it is a duplicate.
ACTIVE = frozenset({Status.QUEUED, Status.ENTERED, Status.HELD, Status.CONFIRMED, Status.WAITLISTED})
# These hold a seat in the ledger, or wait in its line for one.
IN_LINE = frozenset({Status.HELD, Status.CONFIRMED, Status.WAITLISTED})
# The same, and those that are in a draw.
HOLDING = IN_LINE | {Status.ENTERED}
TERMINAL = frozenset({Status.CONFIRMED, Status.REJECTED, Status.EXPIRED, Status.CANCELLED, Status.LOST})


def event_state(
    *,
    now_ms: int,
    opens_ms: int,
    closes_ms: int,
    cancelled: bool,
    seats_left: int,
    waitlist_left: int,
) -> EventState:
    """Tells what a visitor finds at `now_ms`. Times in milliseconds since 1970, UTC."""
    if cancelled:
        return EventState.CANCELLED
    if now_ms >= closes_ms:
        return EventState.CLOSED
    if now_ms < opens_ms:
        return EventState.UPCOMING
    if seats_left > 0:
        return EventState.OPEN
    return EventState.WAITLIST if waitlist_left > 0 else EventState.SOLD_OUT
