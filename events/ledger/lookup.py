"""Reads of the door's loader and of the sweep."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from events.domain.listed import MOST_LISTED
from events.domain.snapshot import EventProgress, EventSnapshot
from events.domain.states import Visibility
from events.domain.times import to_ms
from events.ledger import sql
from events.ledger.counters import with_types
from events.ledger.queries import event_snapshot
from events.models import Event

_LATE = timedelta(hours=1)


def find_events(event_ids: Sequence[int]) -> dict[int, EventSnapshot]:
    """Reads these events; unknown ones are left out."""
    return {event.pk: event_snapshot(event) for event in with_types(Event.objects.filter(pk__in=event_ids))}


def known_events(event_ids: Collection[int]) -> set[int]:
    """Tells which of these events the ledger has."""
    return set(Event.objects.filter(pk__in=event_ids).values_list("pk", flat=True))


def any_event() -> bool:
    """Tells whether the ledger has an event at all."""
    return Event.objects.exists()


def live_events(*, limit: int) -> list[EventSnapshot]:
    """Reads events whose registration has not closed, ordered by closing time."""
    rows = Event.objects.filter(registration_closes_at__gt=timezone.now(), cancelled_at=None)
    return [event_snapshot(event) for event in with_types(rows.order_by("registration_closes_at")[:limit])]


def public_events() -> list[EventSnapshot]:
    """Reads the public events that have not ended: at most `MOST_LISTED`, those that start first."""
    rows = Event.objects.filter(end_time__gt=timezone.now(), visibility=Visibility.PUBLIC.value)
    return [event_snapshot(event) for event in with_types(rows.order_by("start_time", "pk")[:MOST_LISTED])]


def watched_event_ids(*, all_events: bool) -> Iterator[int]:
    """Returns events whose queue may hold work: those open or closed within the last hour, or all."""
    rows = Event.objects.all()
    if not all_events:
        rows = rows.filter(registration_closes_at__gt=timezone.now() - _LATE)
    yield from rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=2000)


def event_progress(event_ids: Sequence[int]) -> list[EventProgress]:
    """Reads the version and the time of the last decision of these events; unknown ones are left out."""
    rows = Event.objects.filter(pk__in=event_ids).values_list("pk", "version", "decided_at")
    return [EventProgress(pk, version, to_ms(decided) if decided else 0) for pk, version, decided in rows]


def still_closing() -> list[EventSnapshot]:
    """Reads cancelled events with tickets that are not cancelled yet."""
    rows = Event.objects.filter(
        Q(confirmed_count__gt=0) | Q(waitlisted_count__gt=0) | Q(held_count__gt=0), cancelled_at__isnull=False
    )
    entries = Event.objects.filter(entered_count__gt=0, cancelled_at__isnull=False)
    found = {event.pk: event for event in (*rows, *entries)}
    return [event_snapshot(event) for event in with_types(found.values())]


def sequence_gaps(event_id: int, *, limit: int = 1000) -> list[tuple[int, int]]:
    """Finds ranges of sequences, ends included, that have no row: lost tickets, or numbers that were never given out.

    Reads the whole event.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.FIND_SEQUENCE_GAPS, [event_id, limit])
        return [(int(first), int(last)) for first, last in cursor.fetchall()]
