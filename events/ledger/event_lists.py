"""Lists of events, filtered by the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When

from events.domain.states import EventState, Visibility
from events.ledger.search import matching
from events.models import Event, TicketType


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events: those that have not ended at `now`, or with `past` those that have. None does not filter.

    Without `organizer_id` only public ones: the list is for all.
    """

    now: datetime
    past: bool = False
    state: EventState | None = None
    search: str = ""
    organizer_id: int | None = None
    event_id: int | None = None


def list_events(wanted: EventFilter) -> QuerySet[Event]:
    """Returns the events by start time: the soonest first, past events with the latest first."""
    if wanted.past:
        rows = Event.objects.filter(end_time__lte=wanted.now).order_by("-start_time", "-pk")
    else:
        rows = Event.objects.filter(end_time__gt=wanted.now).order_by("start_time", "pk")
    if wanted.organizer_id is None:
        rows = rows.filter(visibility=Visibility.PUBLIC.value)
    else:
        rows = rows.filter(organizer_id=wanted.organizer_id)
    if wanted.event_id is not None:
        rows = rows.filter(pk=wanted.event_id)
    if wanted.state is not None:
        rows = rows.alias(state=registration_state(wanted.now)).filter(state=wanted.state.value)
    return matching(rows, wanted.search, "name", "location")


def registration_state(now: datetime) -> Case:
    """Computes `events.domain.states.event_state` in SQL, line by line; a test compares the two."""
    taken = F("confirmed_count") + F("held_count")
    # Seats that are kept for a waiting group count as taken.
    has_seats = Q(max_capacity__gt=taken, waitlisted_count=0)
    type_has_seats, types = Q(capacity__gt=taken, waitlisted_count=0), TicketType.objects.filter(event=OuterRef("pk"))
    return Case(
        When(cancelled_at__isnull=False, then=Value(EventState.CANCELLED.value)),
        When(registration_closes_at__lte=now, then=Value(EventState.CLOSED.value)),
        When(registration_opens_at__gt=now, then=Value(EventState.UPCOMING.value)),
        When(
            Q(has_types=False) & has_seats | Q(has_types=True) & Exists(types.filter(type_has_seats)),
            then=Value(EventState.OPEN.value),
        ),
        When(Q(waitlisted_count__lt=F("waitlist_capacity")), then=Value(EventState.WAITLIST.value)),
        default=Value(EventState.SOLD_OUT.value),
        output_field=CharField(),
    )
