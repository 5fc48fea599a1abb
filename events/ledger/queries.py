"""Reads of the API and of the door's loader. No function here changes a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from events.domain.snapshot import EventSnapshot, TypeSnapshot
from events.domain.states import Access, DrawState, Status, Visibility
from events.domain.times import to_ms
from events.ledger.counters import types_of
from events.ledger.search import matching
from events.models import Event, Registration, TicketType


class AttendeeCursor(NamedTuple):
    """A row of an event's attendee list, which is in order of admission, or of the ends of holds: `expires_at`.

    On a waitlist that was drawn `sequence` is the row's turn, if it had one.
    """

    sequence: int
    row_id: int
    expires_at: datetime | None = None


def event_snapshot(event: Event) -> EventSnapshot:
    """Makes the copy of the row that the door works from."""
    return EventSnapshot(
        event_id=event.pk,
        version=event.version,
        name=event.name,
        location=event.location,
        max_capacity=event.max_capacity,
        waitlist_capacity=event.waitlist_capacity,
        confirmed_count=event.confirmed_count,
        waitlisted_count=event.waitlisted_count,
        start_ms=to_ms(event.start_time),
        end_ms=to_ms(event.end_time),
        opens_ms=to_ms(event.registration_opens_at),
        closes_ms=to_ms(event.registration_closes_at),
        cancelled=event.cancelled_at is not None,
        last_sequence=event.last_sequence,
        decided_ms=to_ms(event.decided_at) if event.decided_at else 0,
        revision=event.revision,
        updated_ms=to_ms(event.changed_at or event.created_at),
        visibility=Visibility(event.visibility),
        paused=event.paused_at is not None,
        cancel_until_ms=to_ms(event.cancel_until or event.start_time),
        organizer_id=event.organizer_id,
        held_count=event.held_count,
        held_companions=event.held_companions,
        waitlisted_companions=event.waitlisted_companions,
        max_quantity=event.max_quantity,
        access=Access(event.access),
        has_codes=event.has_codes,
        hold=event.hold,
        over=event.over,
        draw_ms=to_ms(event.draw_at) if event.draw_at else 0,
        draw_state=DrawState(event.draw_state),
        entered_count=event.entered_count,
        entered_companions=event.entered_companions,
        mail=event.mail,
        verify_email=event.verify_email,
        timezone=event.timezone,
        created_ms=to_ms(event.created_at),
        description_version=event.description_version,
        previous_start_ms=to_ms(event.previous_start_time) if event.previous_start_time else 0,
        ticket_types=tuple(_type_snapshot(found) for found in types_of(event)),
    )


def _type_snapshot(found: TicketType) -> TypeSnapshot:
    return TypeSnapshot(
        id=found.pk,
        name=found.name,
        capacity=found.capacity,
        waitlist_capacity=found.waitlist_capacity,
        max_quantity=found.max_quantity,
        price=found.price,
        confirmed_count=found.confirmed_count,
        held_count=found.held_count,
        waitlisted_count=found.waitlisted_count,
    )


def find_event(*, event_id: int) -> Event | None:
    """Reads an event of any organizer."""
    return Event.objects.filter(pk=event_id).first()


def own_event(*, event_id: int, organizer_id: int) -> Event | None:
    """Reads an event of this organizer; None for another's, as for one that does not exist."""
    return Event.objects.filter(pk=event_id, organizer_id=organizer_id).first()


def find_registration(*, event_id: int, key: str) -> Registration | None:
    """Reads a decided registration of an event by its ticket's key."""
    return Registration.objects.filter(event_id=event_id, ticket_key=key).first()


def keys_of_reference(*, event_id: int, ref: str) -> list[str]:
    """Finds the keys of the decided tickets that begin with `ref`: there is one, rarely more.

    Walks the event's part of the index on `ticket_key`: a range of it would depend on the database's collation. That is
    some milliseconds for 100,000 tickets, without a lock, for one guest.
    """
    rows = Registration.objects.filter(event_id=event_id, ticket_key__startswith=ref)
    # SQLite's LIKE ignores case.
    return [key for key in rows.values_list("ticket_key", flat=True)[:100] if key.startswith(ref)]


class AttendeeFilter(NamedTuple):
    """Which registrations of an event: of one decided status (None: any), that match a search, checked in or not (None:
    both), with one access code, or with one reference: `ref`, the first characters of a ticket's key.

    `expires_before` leaves those whose hold ends, or ended, before that time (None: all); a list of
    those that are held is then in order of their ends.

    `drawn` says that the event has a draw: the waitlist then stands as it was drawn, before all who came later.

    `names_only` leaves e-mail addresses out of the search, for callers who may not see them: they could guess an
    address letter by letter.
    """

    event_id: int
    status: Status | None = Status.CONFIRMED
    search: str = ""
    names_only: bool = False
    checked_in: bool | None = None
    expires_before: datetime | None = None
    code_id: int | None = None
    ref: str = ""
    drawn: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether the list has fewer rows than the event has of the status."""
        return bool(self.search or self.code_id or self.ref) or (self.checked_in, self.expires_before) != (None, None)

    @property
    def by_end(self) -> bool:
        """Whether the list is in order of the ends of holds, and not of admission."""
        return self.status is Status.HELD and self.expires_before is not None

    @property
    def place(self) -> str:
        """The name of the number that the list is in order of, but for one by ends."""
        return "place" if self.drawn and self.status is Status.WAITLISTED else "sequence"


def count_attendees(guests: AttendeeFilter) -> int:
    """Counts matching registrations. Reads them all: only for what the event has no counter of."""
    return _rows_of(guests).count()


def attendees_at(guests: AttendeeFilter, *, offset: int, limit: int) -> Sequence[Registration]:
    """Reads a slice by number; its cost grows with the offset."""
    return list(_in_order(guests)[offset : offset + limit])


def attendees_after(guests: AttendeeFilter, *, after: AttendeeCursor | None, limit: int) -> Sequence[Registration]:
    """Reads the next `limit` attendees in the list's order; costs the same at any depth."""
    rows = _in_order(guests)
    if after is not None:
        # The first filter is the index's range; the second only breaks ties.
        place, number = guests.place, after.sequence
        later = Q((f"{place}__gt", number)) | Q((place, number), pk__gt=after.row_id)
        if guests.by_end:
            rows = rows.filter(expires_at__gte=after.expires_at).filter(Q(expires_at__gt=after.expires_at) | later)
        else:
            rows = rows.filter((f"{place}__gte", number)).filter(later)
    return list(rows[:limit])


def attendees_before(guests: AttendeeFilter, *, before: AttendeeCursor, limit: int) -> Sequence[Registration]:
    """Reads the `limit` attendees right before a row, in the list's order."""
    rows = _in_order(guests).reverse()
    place, number = guests.place, before.sequence
    earlier = Q((f"{place}__lt", number)) | Q((place, number), pk__lt=before.row_id)
    if guests.by_end:
        rows = rows.filter(expires_at__lte=before.expires_at).filter(Q(expires_at__lt=before.expires_at) | earlier)
    else:
        rows = rows.filter((f"{place}__lte", number)).filter(earlier)
    return list(rows[:limit])[::-1]


def cursor_at(guests: AttendeeFilter, row: Registration) -> AttendeeCursor:
    """Returns the position of a row of this list."""
    number: int = getattr(row, guests.place)
    return AttendeeCursor(number, row.pk, row.expires_at if guests.by_end else None)


def _in_order(guests: AttendeeFilter) -> QuerySet[Registration]:
    # Each is the order of an index, but for a drawn waitlist: those who were drawn come first, as a turn is lower than
    # the sequence of all who come later. That is sorted for each page.
    order = ("expires_at", "sequence", "pk") if guests.by_end else (guests.place, "pk")
    rows = _rows_of(guests)
    if guests.place == "place":
        rows = rows.annotate(place=Coalesce("turn", "sequence"))
    return rows.order_by(*order)


def _rows_of(guests: AttendeeFilter) -> QuerySet[Registration]:
    rows = Registration.objects.filter(event_id=guests.event_id).select_related("access_code")
    if guests.status is not None:
        rows = rows.filter(status=guests.status.value)
    if guests.code_id is not None:
        rows = rows.filter(access_code=guests.code_id)
    if guests.ref:
        rows = rows.filter(ticket_key__in=keys_of_reference(event_id=guests.event_id, ref=guests.ref))
    if guests.checked_in is not None:
        rows = rows.filter(checked_in_at__isnull=not guests.checked_in)
    if guests.expires_before is not None:
        rows = rows.filter(expires_at__lt=guests.expires_before)
    if guests.names_only:
        return matching(rows, guests.search, "name", first_line_only=True)
    return matching(rows, guests.search, "name", "email")
