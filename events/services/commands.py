"""Sends an organizer's commands on an event through its queue: new sizes, and its cancellation.

Only the drain changes seats, so a command is applied after everything that was admitted before it. The result of a
resize is read from the ledger, where the drain writes it in the transaction that applies the command.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from events.admission import cancel_replies
from events.admission.calls import CancelRequest
from events.admission.commands import ask_to_cancel, enqueue_cancellation, enqueue_closing, enqueue_resize
from events.admission.stats import queue_stats
from events.domain.allocation import Sizing
from events.domain.commands import TypeTerms
from events.domain.snapshot import EventSnapshot
from events.ledger.events import EventOver, change_to_types, new_terms, size_change
from events.ledger.queries import event_snapshot
from events.ledger.size_checks import CapacityBelowConfirmed, CapacityBelowWaitlisted, TypeInUse, size_at_fault
from events.models import Event, SizeChange
from events.secrets import tickets
from events.services.wakeups import wake_drain
from omnify.common.clients import redis_client, replicated_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)

RESIZE_TIMEOUT_SECONDS = 20.0
_POLL_SECONDS = 0.03
_LONGEST_POLL_SECONDS = 0.25

SIZES = frozenset({"max_capacity", "waitlist_capacity"})
# What takes its turn in the queue.
QUEUED = SIZES | {"ticket_types"}


class TicketCheckedIn(Exception):
    """The ticket's holder has been let in, and keeps the seat."""

    def __init__(self, checked_in_ms: int) -> None:
        super().__init__("This ticket was checked in already.")
        self.checked_in_ms = checked_in_ms


class ResizePending(Exception):
    """The resize is in the queue and will be applied, but the drain has not reached it in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """New sizes, or new ticket types; None leaves one unchanged."""

    max_capacity: int | None = None
    waitlist_capacity: int | None = None
    types: tuple[TypeTerms, ...] = ()

    def __bool__(self) -> bool:
        return (self.max_capacity, self.waitlist_capacity, self.types) != (None, None, ())


def sizes_of(event: Event, fields: Mapping[str, Any]) -> Sizes:
    """Picks the sizes among validated `fields` that differ from the event's. With ticket types, they have the sizes."""
    if event.has_types:
        return Sizes(types=new_terms(event, fields.get("ticket_types", ())) if "ticket_types" in fields else ())
    return Sizes(**{name: fields[name] for name in SIZES & fields.keys() if fields[name] != getattr(event, name)})


def give_types(event: Event, fields: Mapping[str, Any]) -> tuple[Event, bool]:
    """Gives ticket types to a locked event that has none, and no registration yet. Returns the event, and whether.

    One that is on its way at this moment, without a type, is rejected as `registration_closed` in its turn.

    Raises:
        TypeInUse: it has registrations, which have no type.
        redis.exceptions.RedisError
    """
    items = fields.get("ticket_types", ())
    if event.has_types or not items:
        return event, False
    if event.last_sequence or queue_stats(redis_client(), event.pk).queued:
        raise TypeInUse("Registrations of this event have no ticket type.")
    return change_to_types(event, new_terms(event, items), now=timezone.now()), True


def resize(event: Event, sizes: Sizes) -> str:
    """Enqueues a resize and returns its key. Raises redis.exceptions.RedisError."""
    key, snapshot = tickets().mint(), event_snapshot(event)
    enqueued = enqueue_resize(
        replicated_client(),
        snapshot,
        key=key,
        max_capacity=sizes.max_capacity,
        waitlist_capacity=sizes.waitlist_capacity,
        types=sizes.types,
    )
    logger.info("resize enqueued", event_id=event.pk, sequence=enqueued.sequence)
    if enqueued.wake:
        wake_drain(event.pk)
    return key


def await_resize(event_id: int, key: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Waits until the drain has applied a resize. Never call it in a transaction: the drain needs the event's row.

    Raises:
        CapacityBelowConfirmed, CapacityBelowWaitlisted, EventOver, TypeInUse: the drain refused it.
        ResizePending: after `RESIZE_TIMEOUT_SECONDS`.
    """
    deadline = time.monotonic() + RESIZE_TIMEOUT_SECONDS
    pause = _POLL_SECONDS
    while (change := size_change(event_id=event_id, key=key)) is None:
        if time.monotonic() > deadline:
            raise ResizePending
        sleep(pause)
        pause = min(_LONGEST_POLL_SECONDS, pause * 1.5)
    if change.verdict == Sizing.BELOW_CONFIRMED:
        raise CapacityBelowConfirmed(change.confirmed_count, field=_field(change, "max_capacity"))
    if change.verdict == Sizing.BELOW_WAITLISTED:
        field = _field(change, size_at_fault(change.waitlist_capacity))
        raise CapacityBelowWaitlisted(change.waitlisted_count, field=field)
    if change.verdict == Sizing.EVENT_OVER:
        raise EventOver
    if change.verdict == Sizing.TYPE_IN_USE:
        raise TypeInUse


def _field(change: SizeChange, size: str) -> str:
    """Names the field at fault: a change of ticket types has no sizes of the event as a whole."""
    return size if (change.max_capacity, change.waitlist_capacity) != (None, None) else "ticket_types"


def cancel_ticket(event: EventSnapshot, key: str) -> None:
    """Enqueues the cancellation of a ticket for its holder. Raises redis.exceptions.RedisError."""
    enqueued = enqueue_cancellation(replicated_client(), event, key=key)
    if enqueued is not None and enqueued.wake:
        wake_drain(event.event_id)


def take_ticket_back(event: EventSnapshot, key: str, *, held: bool) -> None:
    """Enqueues the organizer's cancellation of a ticket; `held`: the ledger has a seat or a position for it.

    A ticket with neither is left as it is.

    Raises:
        TicketCheckedIn, EventOver
        redis.exceptions.RedisError
    """
    request = CancelRequest(key, held, exempt=True, by_organizer=True)
    answer, wake = ask_to_cancel(replicated_client(), event, request)
    match answer:
        case cancel_replies.CheckedIn(checked_in_ms=checked_in_ms):
            raise TicketCheckedIn(checked_in_ms)
        case cancel_replies.EventOver():
            raise EventOver
    if wake:
        wake_drain(event.event_id)


def close_event(event: Event) -> None:
    """Enqueues the `Closing` of an event that the caller's transaction cancels; wakes a drain after the commit.

    The command is enqueued before the commit, so that a crash cannot lose it. The drain cannot apply it earlier, since
    this transaction holds the event's row. Raises redis.exceptions.RedisError: then the caller must not commit.
    """
    if requeue_closing(event_snapshot(event)):
        transaction.on_commit(lambda: wake_drain(event.pk))


def requeue_closing(event: EventSnapshot) -> bool:
    """Enqueues a `Closing`; a second one changes nothing. Returns True if the caller must wake a drain.

    Raises redis.exceptions.RedisError.
    """
    enqueued = enqueue_closing(replicated_client(), event, key=tickets().mint())
    logger.info("closing enqueued", event_id=event.event_id, sequence=enqueued.sequence)
    return enqueued.wake
