"""Pages of attendees that cost the same at any depth.

`next_page` and `previous_page` carry a cursor: the sequence of the last (or first) row of this page, and the end of its
hold in a list by ends. It is signed, so that only cursors of this service are read. Without one, `?page=N` counts rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core import signing
from msgspec.structs import asdict

from events.api.lists import ListQuery, page_data
from events.api.pagination import InvalidPage, PageRequest, check_exists
from events.domain.public.attendee import Attendee
from events.domain.scopes import Scope, guest_fields
from events.domain.states import Status
from events.domain.tickets import reference
from events.domain.times import iso_of
from events.ledger import queries
from events.ledger.queries import AttendeeCursor, AttendeeFilter, cursor_at
from events.models import Event, Registration
from events.secrets import tickets

_SALT = "attendees cursor"


class Cursor(NamedTuple):
    """Where a page starts (`after`) or ends (`before`), without the row itself."""

    direction: str
    sequence: int
    row_id: int
    expires_at: str = ""

    @property
    def position(self) -> AttendeeCursor:
        """Returns the position that it names."""
        expires_at = datetime.fromisoformat(self.expires_at) if self.expires_at else None
        return AttendeeCursor(self.sequence, self.row_id, expires_at)


def write_cursor(direction: str, place: AttendeeCursor) -> str:
    """Renders the opaque text for a link."""
    end = () if place.expires_at is None else (place.expires_at.isoformat(),)
    return signing.dumps((direction, place.sequence, place.row_id, *end), salt=_SALT, compress=False)


def read_cursor(text: str) -> Cursor:
    """Reads the cursor of a link.

    Raises:
        InvalidPage: it is not one that this service gave out.
    """
    try:
        return Cursor(*signing.loads(text, salt=_SALT))
    except (signing.BadSignature, ValueError, UnicodeError) as problem:
        raise InvalidPage from problem


def attendee_page(event: Event, guests: AttendeeFilter, *, scope: Scope, query: ListQuery) -> dict[str, Any]:
    """Builds the `data` of one page.

    Raises:
        InvalidPage: there is no such page, or the cursor is not of this service.
    """
    page, filters = query.page, query.filters
    total = _total(event, guests)
    cursor = read_cursor(filters["cursor"]) if "cursor" in filters else None
    if cursor is None:
        check_exists(page, total_items=total)
    elif bool(cursor.expires_at) != guests.by_end:
        raise InvalidPage
    rows, more = _read(guests, page, cursor)
    if not rows and page.number > 1:
        raise InvalidPage
    return page_data(
        query,
        total_items=total,
        results=[render_guest(row, scope) for row in rows],
        more=more and bool(rows),
        after=write_cursor("after", cursor_at(guests, rows[-1])) if rows else None,
        before=write_cursor("before", cursor_at(guests, rows[0])) if rows else None,
    )


def _total(event: Event, guests: AttendeeFilter) -> int:
    if guests.status is None or guests.narrowed:
        return queries.count_attendees(guests)
    counts: dict[Status, int] = {
        Status.CONFIRMED: event.confirmed_count - event.confirmed_companions,
        Status.HELD: event.held_count - event.held_companions,
        Status.ENTERED: event.entered_count - event.entered_companions,
        Status.WAITLISTED: event.waitlisted_count - event.waitlisted_companions,
        Status.EXPIRED: event.expired_count,
        Status.CANCELLED: event.cancelled_count,
        Status.REJECTED: sum(event.rejected_counts.values()),
    }
    return counts[guests.status]


def _read(guests: AttendeeFilter, page: PageRequest, cursor: Cursor | None) -> tuple[Sequence[Registration], bool]:
    """Reads the rows, and whether more follow."""
    if cursor is not None and cursor.direction == "before":
        return queries.attendees_before(guests, before=cursor.position, limit=page.size), True
    if cursor is not None:
        rows = queries.attendees_after(guests, after=cursor.position, limit=page.size + 1)
    else:
        rows = queries.attendees_at(guests, offset=page.offset, limit=page.size + 1)
    return rows[: page.size], len(rows) > page.size


def render_attendee(row: Registration) -> Attendee:
    """Renders one registration as its organizer sees it."""
    return Attendee(
        ticket_id=tickets().ticket_id(event_id=row.event_id, key=row.ticket_key, mark=row.mark),
        reference=reference(row.event_id, row.ticket_key),
        name=row.name,
        email=row.email,
        quantity=row.quantity,
        ticket_type=row.ticket_type_id,
        confirmed_at=iso_of(row.confirmed_at),
        expires_at=iso_of(row.expires_at) if row.status in (Status.HELD, Status.EXPIRED) else None,
        sequence=row.sequence,
        checked_in_at=iso_of(row.checked_in_at),
        checked_in_quantity=row.checked_in_quantity,
        reason=row.reason or None,
        status=row.status,
        code_id=row.access_code_id,
        # A guest with a code comes with it: `queries` joins.
        code_hint=row.access_code.hint if row.access_code else None,
    )


def render_guest(row: Registration, scope: Scope) -> dict[str, Any]:
    """Renders what a token of this scope may see of the registration."""
    return guest_fields(asdict(render_attendee(row)), scope)
