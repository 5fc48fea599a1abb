"""Finds draws whose time has come."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from events.domain.snapshot import EventSnapshot
from events.domain.states import DrawState
from events.ledger.counters import with_types
from events.ledger.queries import event_snapshot
from events.models import Event

_TO_BE_HELD = (DrawState.OPEN.value, DrawState.SEALED.value)


class DueDraw(NamedTuple):
    """An event whose draw is due, and the number of the round that its next step waits for, if it waits for one."""

    event: EventSnapshot
    round: int | None = None


def due_draws(*, now: datetime) -> list[DueDraw]:
    """Reads the draws whose time has come by this clock and that have not been held, the earliest first."""
    rows = Event.objects.filter(Q(draw_state__in=_TO_BE_HELD), draw_at__lte=now, cancelled_at=None)
    found = with_types(rows.select_related("draw").order_by("draw_at", "pk"))
    return [DueDraw(event_snapshot(event), _awaited(event)) for event in found]


def _awaited(event: Event) -> int | None:
    """Returns the round that a sealed draw waits for. It is sealed at once, whatever it waits for then."""
    waits = event.draw_state == DrawState.SEALED and not event.draw.seed
    return event.draw.round if waits else None
