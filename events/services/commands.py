"""An organizer's orders on an event: its sizes, and its end. They go through the event's queue, and the drain obeys.

Only the drain moves seats, so an order takes its turn behind whoever was admitted before it. What became of a resize
is read from the ledger, in which the drain writes it in the same transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from events.admission.commands import enqueue_cancellation, enqueue_closing, enqueue_resize
from events.domain.allocation import Sizing
from events.domain.snapshot import EventSnapshot
from events.ledger.events import CapacityBelowConfirmed, CapacityBelowWaitlisted, EventOver, size_change
from events.ledger.queries import event_snapshot
from events.models import Event
from events.secrets import tickets
from events.services.wakeups import wake_drain
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)

PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.03
_LONGEST_LOOK_SECONDS = 0.25

SIZES = frozenset({"max_capacity", "waitlist_capacity"})


class ResizePending(Exception):
    """The order is in the queue and will be obeyed in its turn, but nobody has got to it in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Sizes to be; None leaves one as it is."""

    max_capacity: int | None = None
    waitlist_capacity: int | None = None

    def __bool__(self) -> bool:
        return (self.max_capacity, self.waitlist_capacity) != (None, None)


def sizes_of(event: Event, fields: Mapping[str, Any]) -> Sizes:
    """Those among validated `fields` that are sizes and differ from what the event has."""
    return Sizes(**{name: fields[name] for name in SIZES & fields.keys() if fields[name] != getattr(event, name)})


def resize(event: Event, sizes: Sizes) -> str:
    """Puts the order into the event's queue and returns its key. Raises redis.exceptions.RedisError."""
    key, snapshot = tickets().mint(), event_snapshot(event)
    placed = enqueue_resize(
        redis_client(),
        snapshot,
        key=key,
        max_capacity=sizes.max_capacity,
        waitlist_capacity=sizes.waitlist_capacity,
    )
    logger.info("resize ordered", event_id=event.pk, sequence=placed.sequence)
    if placed.wake:
        wake_drain(event.pk)
    return key


def await_resize(event_id: int, key: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Waits until the drain has obeyed. Never inside a transaction: the drain needs the event's row.

    Raises:
        CapacityBelowConfirmed, CapacityBelowWaitlisted, EventOver: it was refused in its turn.
        ResizePending: after `PATIENCE_SECONDS`.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = _LOOK_SECONDS
    while (change := size_change(event_id=event_id, key=key)) is None:
        if time.monotonic() > deadline:
            raise ResizePending
        sleep(pause)
        pause = min(_LONGEST_LOOK_SECONDS, pause * 1.5)
    if change.verdict == Sizing.BELOW_CONFIRMED:
        raise CapacityBelowConfirmed(change.confirmed_count)
    if change.verdict == Sizing.BELOW_WAITLISTED:
        raise CapacityBelowWaitlisted(change.waitlisted_count)
    if change.verdict == Sizing.EVENT_OVER:
        raise EventOver


def cancel_ticket(event: EventSnapshot, key: str) -> None:
    """Gives a ticket back in its holder's stead; it takes its turn. Raises redis.exceptions.RedisError."""
    placed = enqueue_cancellation(redis_client(), event, key=key)
    if placed is not None and placed.wake:
        wake_drain(event.event_id)


def close_event(event: Event) -> None:
    """Has the places of an event taken back that is cancelled in this transaction, once it is committed.

    The order is in the queue before the commit, so that no crash comes between; the drain cannot obey it earlier, since
    this transaction holds the event's row. Raises redis.exceptions.RedisError: then the caller must not commit.
    """
    placed = requeue_closing(event_snapshot(event))
    if placed:
        transaction.on_commit(lambda: wake_drain(event.pk))


def requeue_closing(event: EventSnapshot) -> bool:
    """The order alone. True: somebody should wake a drain. Raises redis.exceptions.RedisError."""
    placed = enqueue_closing(redis_client(), event, key=tickets().mint())
    logger.info("closing ordered", event_id=event.event_id, sequence=placed.sequence)
    return placed.wake
