"""Finds holds whose time is over, in the order in which they end, without reading those that run on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import F
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan

from events.domain.states import Status
from events.domain.times import to_ms
from events.models import Registration

_ORDER = ("expires_at", "sequence", "pk")


class DuePosition(NamedTuple):
    """A row in the order of ends; of one end, in the order of admission."""

    expires_at: datetime
    sequence: int
    row_id: int


class DueTicket(NamedTuple):
    """A held ticket, and when (ms) its time is over."""

    event_id: int
    key: str
    until_ms: int


class DueTickets(NamedTuple):
    """Held tickets in the order of their ends, and the position of the last; None if there is none."""

    tickets: Sequence[DueTicket]
    last: DuePosition | None


def due_holds(*, until: datetime, after: DuePosition | None, limit: int) -> DueTickets:
    """Reads up to `limit` held tickets whose hold ends at `until` or before, behind the position `after`.

    Those of cancelled events are left out: their holds end with the event.
    """
    rows = Registration.objects.filter(status=Status.HELD.value, expires_at__lte=until, event__cancelled_at=None)
    if after is not None:
        # One comparison of rows is a range of the index. Of many that end at once, any other condition would read all
        # those in front again.
        rows = rows.filter(TupleGreaterThan(Tuple(*map(F, _ORDER)), tuple(after)))
    found = list(rows.order_by(*_ORDER).values_list("event_id", "ticket_key", *_ORDER)[:limit])
    last = DuePosition(*found[-1][2:]) if found else None
    return DueTickets([DueTicket(row[0], row[1], to_ms(row[2])) for row in found], last)
