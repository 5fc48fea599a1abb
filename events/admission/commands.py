"""Commands of organizers and operators, which take their turn in the event's queue: only the drain moves seats.

`client` is a blocking client, or one that waits for replicas (`omnify.common.replicas`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from redis.exceptions import RedisError

from events.admission import calls, hold_calls
from events.admission import keys as k
from events.admission.calls import CancelRequest
from events.admission.cancel_replies import (
    CancelAnswer,
    CancellationQueued,
    CancellationRepeated,
    CancelReply,
    decode_cancel,
)
from events.admission.entry import pack_confirmation, pack_correction, pack_sizes
from events.admission.fields import BY_ORGANIZER, EXEMPT
from events.admission.hold_calls import DueHold
from events.admission.scripts import Redis
from events.admission.snapshots import put_snapshot
from events.domain.commands import TypeTerms
from events.domain.snapshot import EventSnapshot

# A copy may be removed just between its loading and the next call. An event without one after this many is deleted.
_TRIES = 3


class EventGone(RedisError):
    """The event is being deleted: nothing can be queued any more."""


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A command in the queue. `wake`: a wake-up should be sent, since no drain is at work and none is under way."""

    sequence: int
    wake: bool


def enqueue_resize(
    client: Redis,
    event: EventSnapshot,
    *,
    key: str,
    max_capacity: int | None = None,
    waitlist_capacity: int | None = None,
    types: Sequence[TypeTerms] = (),
) -> Enqueued:
    """Enqueues new sizes for an event, or its new ticket types; None leaves one as it is. `key`, like a ticket's, names
    the command.

    Raises redis.exceptions.RedisError: the command may have been enqueued or not.
    """
    payload = pack_sizes(max_capacity=max_capacity, waitlist_capacity=waitlist_capacity, types=types)
    return _enqueue(client, event, "resize", key, payload)


def enqueue_correction(
    client: Redis, event: EventSnapshot, *, key: str, ticket: str, name: str | None, email: str | None, digest: str
) -> Enqueued:
    """Enqueues a correction of a guest's name or e-mail; None leaves one as it is. `digest` is the e-mail's.

    Raises redis.exceptions.RedisError: the command may have been enqueued or not.
    """
    payload = pack_correction(ticket=ticket, name=name, email=email, email_digest=digest)
    return _enqueue(client, event, "correct", key, payload)


def enqueue_closing(client: Redis, event: EventSnapshot, *, key: str) -> Enqueued:
    """Enqueues taking back all seats of a cancelled event. Raises redis.exceptions.RedisError."""
    return _enqueue(client, event, "close", key, "")


def enqueue_draw(client: Redis, event: EventSnapshot, *, key: str, signature: bytes = b"") -> Enqueued | None:
    """Enqueues the draw of an event, unless that was done just now: None then. A second one changes nothing.

    Raises redis.exceptions.RedisError: it may have been enqueued or not.
    """
    if not client.set(k.event_keys(event.event_id).draw, "1", nx=True, px=k.DRAW_TTL_MS):
        return None
    return _enqueue(client, event, "draw", key, signature.hex())


def enqueue_cancellation(
    client: Redis, event: EventSnapshot, *, key: str, by_organizer: bool = False
) -> Enqueued | None:
    """Enqueues the cancellation of a ticket for which the ledger holds a seat; None if there is nothing to cancel.

    The event's `cancel_until` does not bind it: it is an operator's, or was admitted in time before.

    Raises redis.exceptions.RedisError.
    """
    answer, wake = ask_to_cancel(client, event, CancelRequest(key, True, exempt=True, by_organizer=by_organizer))
    if isinstance(answer, CancellationQueued | CancellationRepeated):
        return Enqueued(answer.sequence, wake)
    return None


def ask_to_cancel(client: Redis, event: EventSnapshot, request: CancelRequest) -> tuple[CancelAnswer, bool]:
    """Hands a cancellation in. Returns admission's answer, and whether a wake-up should be sent.

    Raises redis.exceptions.RedisError.
    """
    call = calls.cancel(
        k.event_keys(event.event_id),
        cancellations=[request],
        state_ttl=k.STATE_TTL_SECONDS,
        wake_ttl=k.WAKE_TTL_MS,
        deadline=0,
    )
    for _ in range(_TRIES):
        if isinstance(reply := decode_cancel(call.run(client)), CancelReply):
            return reply.answers[0], reply.wake
        put_snapshot(client, event)
    raise EventGone


def requeue_cancellation(client: Redis, event: EventSnapshot, *, key: str, by_organizer: bool = False) -> Enqueued:
    """Enqueues the cancellation of a ticket whatever Redis says of it: the ledger has lost the one that was decided. A
    second one changes nothing, and `cancel_until` does not bind it: the first was in time.

    Raises redis.exceptions.RedisError.
    """
    return _enqueue(client, event, "cancel", key, (BY_ORGANIZER if by_organizer else EXEMPT).decode())


def requeue_confirmation(client: Redis, event: EventSnapshot, *, key: str) -> Enqueued:
    """Does the same for the confirmation of a ticket that was confirmed in time. Its payment reference is lost."""
    return _enqueue(client, event, "confirm", key, pack_confirmation("", in_time=True))


class Expiries(NamedTuple):
    """How many expiries were put into a queue, whether a wake-up should be sent, and whether some have not run out by
    the clock of the queue's server."""

    number: int
    wake: bool
    early: bool = False


def enqueue_expiries(
    client: Redis, event: Callable[[], EventSnapshot | None], event_id: int, holds: Sequence[DueHold]
) -> Expiries:
    """Enqueues the expiries of holds of one event that are over, at most 1000, where none of theirs waits yet.

    `event` reads the event, if Redis has no copy of it. Raises redis.exceptions.RedisError.
    """
    call = hold_calls.expire(k.event_keys(event_id), holds=holds, state_ttl=k.STATE_TTL_SECONDS, wake_ttl=k.WAKE_TTL_MS)
    for _ in range(_TRIES):
        number, wake, early = call.run(client)
        if number >= 0:
            return Expiries(number, bool(wake), bool(early))
        if (snapshot := event()) is None:
            break
        put_snapshot(client, snapshot)
    raise EventGone


def _enqueue(client: Redis, event: EventSnapshot, kind: str, key: str, payload: str) -> Enqueued:
    keys = k.event_keys(event.event_id)
    call = calls.enqueue(
        keys, kind=kind, key=key, payload=payload, state_ttl=k.STATE_TTL_SECONDS, wake_ttl=k.WAKE_TTL_MS
    )
    for _ in range(_TRIES):
        if sequence := int(call.run(client)):
            return Enqueued(abs(sequence), sequence > 0)
        put_snapshot(client, event)
    raise EventGone
