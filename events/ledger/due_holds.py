"""Finds holds whose time is over, in the order in which they end, without reading those that run on; and with them
the tickets on waitlists whose address was to be proved by then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from events.domain.holds import ConfirmedBy
from events.domain.states import Status
from events.domain.times import to_ms
from events.models import Registration

_ORDER = ("expires_at", "sequence", "pk")
_SHOWN = ("event_id", "ticket_key", *_ORDER)
# Each has an index of its own, in this order.
_KINDS = (
    Q(status=Status.HELD.value),
    Q(status=Status.WAITLISTED.value, hold_confirmed_by=ConfirmedBy.ADDRESS.value),
)


class DuePosition(NamedTuple):
    """A row in the order of ends; of one end, in the order of admission."""

    expires_at: datetime
    sequence: int
    row_id: int


class DueTicket(NamedTuple):
    """A ticket that is held, or that waits and has an address to prove, and when (ms) its time is over."""

    event_id: int
    key: str
    until_ms: int


class DueTickets(NamedTuple):
    """Such tickets in the order of their ends, and the position of the last; None if there is none."""

    tickets: Sequence[DueTicket]
    last: DuePosition | None


def due_holds(*, until: datetime, after: DuePosition | None, limit: int) -> DueTickets:
    """Reads up to `limit` tickets whose time ends at `until` or before, behind the position `after`.

    Those of cancelled events are left out: they end with the event.
    """
    kinds = [_due(kind, until, after, limit) for kind in _KINDS]
    found = list(islice(merge(*kinds, key=itemgetter(slice(2, None))), limit))
    last = DuePosition(*found[-1][2:]) if found else None
    return DueTickets([DueTicket(row[0], row[1], to_ms(row[2])) for row in found], last)


def newly_held(*, since: datetime, before: DuePosition, limit: int) -> Sequence[DueTicket]:
    """Reads up to `limit` such tickets of each kind that were decided after `since`, by the ledger's clock, and whose
    place in the order of ends is in front of a position: an event's end cuts their time short."""
    found: list[DueTicket] = []
    for kind in _KINDS:
        rows = Registration.objects.filter(kind, expires_at__gt=since, decided_at__gt=since, event__cancelled_at=None)
        rows = rows.filter(TupleLessThan(Tuple(*map(F, _ORDER)), tuple(before))).order_by(*_ORDER)
        found += [DueTicket(row[0], row[1], to_ms(row[2])) for row in rows.values_list(*_SHOWN)[:limit]]
    return found


def _due(kind: Q, until: datetime, after: DuePosition | None, limit: int) -> list[tuple[Any, ...]]:
    rows = Registration.objects.filter(kind, expires_at__lte=until, event__cancelled_at=None)
    if after is not None:
        # One comparison of rows is a range of the index. Of many that end at once, any other condition would read all
        # those in front again.
        rows = rows.filter(TupleGreaterThan(Tuple(*map(F, _ORDER)), tuple(after)))
    return list(rows.order_by(*_ORDER).values_list(*_SHOWN)[:limit])
