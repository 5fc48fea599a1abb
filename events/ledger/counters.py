"""An event's counters between its rows and the allocation: the event's own, and those of its ticket types."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import prefetch_related_objects

from events.domain.commands import TypeTerms
from events.domain.seats import Counters, Seats
from events.domain.states import DrawState
from events.domain.times import to_ms
from events.models import Event, TicketType

_COLUMNS = {
    "confirmed": "confirmed_count",
    "held": "held_count",
    "waitlist_capacity": "waitlist_capacity",
    "waitlisted": "waitlisted_count",
    "confirmed_companions": "confirmed_companions",
    "held_companions": "held_companions",
    "waitlisted_companions": "waitlisted_companions",
    "head_quantity": "head_quantity",
}


def with_types(events: Iterable[Event]) -> list[Event]:
    """Reads the ticket types of those events that have any, in one statement for all; returns the events."""
    found = list(events)
    typed = [event for event in found if event.has_types]
    if typed:
        prefetch_related_objects(typed, "ticket_types")
    return found


def types_of(event: Event) -> list[TicketType]:
    """Returns an event's ticket types in the organizer's order. Without types it reads nothing."""
    return sorted(event.ticket_types.all(), key=lambda found: found.rank) if event.has_types else []


def terms_of(event: Event) -> tuple[TypeTerms, ...]:
    """Returns what an event sells of each type, in the organizer's order."""
    return tuple(
        TypeTerms(found.pk, found.name, found.capacity, found.waitlist_capacity, found.max_quantity, found.price)
        for found in types_of(event)
    )


def seats_of(event: Event) -> Seats:
    """Returns the counters of a locked event."""
    types = types_of(event)
    return Seats(
        capacity=event.max_capacity,
        **_counts(event),
        cancelled=event.cancelled_at is not None,
        ends_ms=to_ms(event.end_time),
        cancel_until_ms=to_ms(event.cancel_until or event.start_time),
        types={found.pk: _counters(found) for found in types},
        hold=event.hold,
        proof_seconds=event.proof_seconds,
        over=event.over,
        used_types=frozenset(found.pk for found in types if found.used),
        draw_ms=to_ms(event.draw_at) if event.draw_at and event.draw_state != DrawState.DRAWN else None,
        sealed=event.draw_state == DrawState.SEALED,
        drawn=event.draw_state == DrawState.DRAWN,
        entered=event.entered_count,
        entered_companions=event.entered_companions,
    )


def _counters(found: TicketType) -> Counters:
    return Counters(capacity=found.capacity, **_counts(found))


def _counts(row: Event | TicketType) -> dict[str, int]:
    return {name: getattr(row, column) for name, column in _COLUMNS.items()}


def set_counters(event: Event, seats: Seats) -> None:
    """Sets the counters of an event's row, in memory."""
    event.max_capacity, event.over = seats.capacity, seats.over
    event.entered_count, event.entered_companions = seats.entered, seats.entered_companions
    for name, column in _COLUMNS.items():
        setattr(event, column, getattr(seats, name))


def save_types(event: Event, seats: Seats, terms: Iterable[TypeTerms]) -> None:
    """Writes the ticket types of a locked event: their counters and, where `terms` are given, what is sold."""
    known, named = {found.pk: found for found in types_of(event)}, {one.id: one for one in terms}
    if gone := known.keys() - seats.types.keys():
        TicketType.objects.filter(pk__in=gone).delete()
    for rank, (type_id, line) in enumerate(seats.types.items()):
        found = known.get(type_id) or TicketType(id=type_id, event=event)
        before = None if found._state.adding else {**found.__dict__, "_state": None}
        _apply(found, line, named.get(type_id))
        found.rank, found.used, found.closed = rank, type_id in seats.used_types, seats.cancelled or seats.over
        if before != {**found.__dict__, "_state": None}:
            found.save()
    event._prefetched_objects_cache = {}  # type: ignore[attr-defined]
    with_types([event])


def _apply(found: TicketType, line: Counters, terms: TypeTerms | None) -> None:
    found.capacity = line.capacity
    for name, column in _COLUMNS.items():
        setattr(found, column, getattr(line, name))
    if terms is not None:
        found.name, found.price, found.max_quantity = terms.name, terms.price, terms.max_quantity
