"""The outbox: webhook messages are written in the transaction of the decision, so none is lost and none is false.

A batch's changes and its subscribers go to the database in bulk and are joined there. An event without subscribers
costs one short query a batch, and the batch's row in the event log (`events.ledger.webhooks.log`), where messages stand
whether there is a subscriber or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from msgspec.structs import replace

from events.domain.outcome import Outcome
from events.domain.times import whole_ms
from events.domain.webhooks.message import EVENT_TYPES, TYPE_OF_STATUS, LoggedAt, MessageType
from events.domain.webhooks.stored import StoredMessage, pack
from events.ledger.database import database
from events.ledger.records import MessageRecord, Subscriber
from events.ledger.webhooks.about_events import about_event, tell_of_event
from events.ledger.webhooks.callbacks import callbacks, route_of
from events.ledger.webhooks.log import write_batch
from events.ledger.webhooks.subscribers import subscribed
from events.models import Event


def pack_changes(changes: Sequence[Outcome]) -> bytes:
    """Packs the messages of `write_messages` about these changes, which may be done before there is a transaction."""
    typed = _typed(changes)
    return pack([type_ for type_, _ in typed], [change for _, change in typed])


def write_messages(
    event: Event,
    changes: Sequence[Outcome],
    *,
    now: datetime,
    sold_out: bool,
    corrected: Sequence[Outcome] = (),
    packed: bytes | None = None,
) -> int:
    """Writes a message for each change and each of its subscribers. Returns how many were written.

    Args:
        changes: every change of a ticket's status in the caller's transaction, in order.
        corrected: those among them that are corrections and no decisions, with positions on the waitlist.
        sold_out: whether the last seat or the last position on the waitlist was taken in this transaction.
        packed: `pack_changes` of them, if it has been done.
    """
    typed = _typed(changes)
    if not typed and not sold_out:
        return 0
    now = whole_ms(now)
    if corrected:
        typed = _with_corrections(typed, corrected)
    last = about_event(event, MessageType.SOLD_OUT, now) if sold_out else None
    batch = _log(event, typed, now, *([last] if last else []), packed=None if corrected or last else packed)
    subscribers = subscribed(event)
    at = LoggedAt(batch, len(typed))
    written = tell_of_event(event, subscribers, last, now=now, at=at) if last else 0
    subscribers = [one for one in subscribers if one.type not in EVENT_TYPES]
    subscribers += callbacks(
        [change for _, change in typed],
        [*TYPE_OF_STATUS.values(), *([MessageType.UPDATED] if corrected else [])],
    )
    if subscribers and typed:
        written += _write_changes(event.pk, typed, subscribers, now, batch)
    return written


def _typed(changes: Sequence[Outcome]) -> list[tuple[MessageType, Outcome]]:
    # Most batches have a single status, so runs of one are taken together, as in `by_decision`.
    runs = ((TYPE_OF_STATUS.get(status), run) for status, run in groupby(changes, attrgetter("status")))
    return [(type_, change) for type_, run in runs if type_ for change in run]


def _log(
    event: Event,
    changes: Sequence[tuple[MessageType, Outcome]],
    now: datetime,
    *others: StoredMessage,
    packed: bytes | None = None,
) -> int:
    if packed is None:
        packed = pack([type_ for type_, _ in changes], [change for _, change in changes], others)
    return write_batch(packed, len(changes) + len(others), organizer_id=event.organizer_id, event_id=event.pk, now=now)


def _confirmed_by(change: Outcome) -> str | None:
    by = change.confirmed_by
    return by._value_ if by else None


def _with_corrections(
    typed: Iterable[tuple[MessageType, Outcome]], corrected: Sequence[Outcome]
) -> list[tuple[MessageType, Outcome]]:
    made = {(change.key, change.revision): (MessageType.UPDATED, change) for change in corrected}
    return [made.get((change.key, change.revision), (type_, change)) for type_, change in typed]


def _write_changes(
    event_id: int,
    changes: Iterable[tuple[MessageType, Outcome]],
    subscribers: Sequence[Subscriber],
    now: datetime,
    batch: int,
) -> int:
    messages = [_message(number, type_, change) for number, (type_, change) in enumerate(changes)]
    subscribers = [replace(one, log_batch=batch) for one in subscribers]
    return database().insert_deliveries(event_id, messages, subscribers, now=now)


def _message(number: int, type_: MessageType, change: Outcome) -> MessageRecord:
    return MessageRecord(
        number=number,
        type=type_.value,
        ticket_key=change.key,
        reason=change.reason.value if change.reason else "",
        position=change.position,
        sequence=change.sequence,
        revision=change.revision,
        requested_ms=change.requested_ms,
        decided_ms=change.decided_ms,
        checked_in_ms=change.checked_in_ms,
        expires_ms=change.expires_ms,
        url=change.callback.url if change.callback else "",
        route=route_of(change),
        mark=change.mark,
        quantity=change.quantity,
        type_id=change.type_id or None,
        partly_in=change.partly_in,
        hold_confirmed_by=_confirmed_by(change),
    )


def write_check_in_messages(event: Event, change: Outcome, *, type_: MessageType, now: datetime) -> int:
    """Writes the messages about a check-in or its undoing. Returns how many were written."""
    batch = _log(event, [(type_, change)], whole_ms(now))
    subscribers = [*subscribed(event), *callbacks([change], [type_])]
    return _write_changes(event.pk, [(type_, change)], subscribers, now, batch) if subscribers else 0
