"""Finds holds whose time is over, in the order in which they end, without reading those that run on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from events.domain.states import Status
from events.domain.times import to_ms
from events.models import Registration


class DuePosition(NamedTuple):
    """A row in the order of ends; of one end, in the order of admission."""

    expires_at: datetime
    sequence: int
    row_id: int


class DueTicket(NamedTuple):
    """A held ticket whose time is over."""

    event_id: int
    key: str
    until_ms: int
    position: DuePosition


def due_holds(*, until: datetime, after: DuePosition | None, limit: int) -> Sequence[DueTicket]:
    """Reads up to `limit` held tickets whose hold ends at `until` or before, behind the position `after`.

    Those of cancelled events are left out: their holds end with the event.
    """
    rows = Registration.objects.filter(status=Status.HELD.value, expires_at__lte=until, event__cancelled_at=None)
    if after is not None:
        # The first filter is the index's range; the second only breaks ties.
        later = Q(sequence__gt=after.sequence) | Q(sequence=after.sequence, pk__gt=after.row_id)
        rows = rows.filter(expires_at__gte=after.expires_at).filter(Q(expires_at__gt=after.expires_at) | later)
    found = rows.order_by("expires_at", "sequence", "pk").values_list(
        "event_id", "ticket_key", "expires_at", "sequence", "pk"
    )
    return [
        DueTicket(event_id, key, to_ms(expires_at), DuePosition(expires_at, sequence, row_id))
        for event_id, key, expires_at, sequence, row_id in found[:limit]
        if expires_at is not None
    ]
