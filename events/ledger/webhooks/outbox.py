"""The outbox: webhook messages are written in the transaction of the decision, so none is lost and none is false.

A batch's changes and its subscribers go to the database in bulk and are joined there. An event without subscribers
costs one short query a batch, and the batch's row in the event log (`events.ledger.webhooks.log`), where messages stand
whether there is a subscriber or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from msgspec.structs import replace

from events.domain.commands import Callback
from events.domain.outcome import Outcome
from events.domain.public.event import render_event
from events.domain.times import to_ms, whole_ms
from events.domain.webhooks.message import TYPE_OF_STATUS, LoggedAt, MessageType, encode_data
from events.domain.webhooks.signing import new_secret
from events.domain.webhooks.states import DeliveryState
from events.domain.webhooks.stored import StoredMessage
from events.domain.webhooks.url import check_url
from events.ledger.database import database
from events.ledger.queries import event_snapshot
from events.ledger.records import MessageRecord, Subscriber
from events.ledger.webhooks import sql
from events.ledger.webhooks.log import write_batch
from events.models import Event, Webhook, WebhookDelivery, WebhookEndpoint
from events.secrets import sealer, tickets


def write_messages(
    event: Event, changes: Sequence[Outcome], *, now: datetime, sold_out: bool, corrected: Sequence[Outcome] = ()
) -> int:
    """Writes a message for each change and each of its subscribers. Returns how many were written.

    Args:
        changes: every change of a ticket's status in the caller's transaction, in order.
        corrected: those among them that are corrections and no decisions, with positions on the waitlist.
        sold_out: whether the last seat or the last position on the waitlist was taken in this transaction.
    """
    typed = [(TYPE_OF_STATUS[change.status], change) for change in changes if change.status in TYPE_OF_STATUS]
    if not typed and not sold_out:
        return 0
    now = whole_ms(now)
    if corrected:
        typed = _with_corrections(typed, corrected)
    last = _sold_out(event, now) if sold_out else None
    batch = _log(event, typed, now, *([last] if last else []))
    subscribers = _subscribed(event)
    written = _write_sold_out(event, subscribers, last, LoggedAt(batch, len(typed)), now) if last else 0
    subscribers = [one for one in subscribers if one.type != MessageType.SOLD_OUT]
    subscribers += _callbacks(
        [change for _, change in typed],
        [*TYPE_OF_STATUS.values(), *([MessageType.UPDATED] if corrected else [])],
    )
    if subscribers and typed:
        written += _write_changes(event.pk, typed, subscribers, now, batch)
    return written


def _log(event: Event, changes: Sequence[tuple[MessageType, Outcome]], now: datetime, *others: StoredMessage) -> int:
    stored = [_stored(type_, change) for type_, change in changes]
    return write_batch([*stored, *others], organizer_id=event.organizer_id, event_id=event.pk, now=now)


def _stored(type_: MessageType, change: Outcome) -> StoredMessage:
    return StoredMessage(
        type_._value_,
        change.key,
        change.sequence,
        change.requested_ms,
        change.decided_ms,
        change.mark,
        change.reason._value_ if change.reason else "",
        change.quantity,
        change.type_id,
        change.position,
        change.expires_ms,
        change.checked_in_ms,
        change.partly_in,
        confirmed_by=_confirmed_by(change) or "",
    )


def _confirmed_by(change: Outcome) -> str | None:
    by = change.confirmed_by
    return by._value_ if by else None


def _with_corrections(
    typed: Iterable[tuple[MessageType, Outcome]], corrected: Sequence[Outcome]
) -> list[tuple[MessageType, Outcome]]:
    made = {(change.key, change.revision): (MessageType.UPDATED, change) for change in corrected}
    return [made.get((change.key, change.revision), (type_, change)) for type_, change in typed]


def _subscribed(event: Event) -> list[Subscriber]:
    if not _has_webhooks(event.organizer_id):
        return []
    mine = Webhook.objects.filter(organizer_id=event.organizer_id, disabled_at=None, deleted_at=None)
    interested = mine.filter(Q(event=None) | Q(event_id=event.pk)).exclude(url="").order_by("pk")
    rows = interested.values_list("pk", "endpoints", "event_types")
    return [Subscriber(webhook, endpoint, type_) for webhook, endpoint, types in rows for type_ in types]


def _has_webhooks(organizer_id: int) -> bool:
    # Nearly all events have none, and this takes a tenth of the time of the whole question.
    with connection.cursor() as cursor:
        cursor.execute(sql.HAS_WEBHOOKS, [organizer_id])
        return bool(cursor.fetchone()[0])


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
        route=_route(change),
        mark=change.mark,
        quantity=change.quantity,
        type_id=change.type_id or None,
        partly_in=change.partly_in,
        hold_confirmed_by=_confirmed_by(change),
    )


def write_check_in_messages(event: Event, change: Outcome, *, type_: MessageType, now: datetime) -> int:
    """Writes the messages about a check-in or its undoing. Returns how many were written."""
    batch = _log(event, [(type_, change)], whole_ms(now))
    subscribers = [*_subscribed(event), *_callbacks([change], [type_])]
    return _write_changes(event.pk, [(type_, change)], subscribers, now, batch) if subscribers else 0


def _pending(now: datetime) -> dict[str, Any]:
    return {"created_at": now, "state": DeliveryState.PENDING.value, "next_attempt_at": now}


def _sold_out(event: Event, now: datetime) -> StoredMessage:
    data = render_event(event_snapshot(event), now_ms=to_ms(now))
    return StoredMessage(MessageType.SOLD_OUT.value, mark=tickets().mark, data=encode_data(data))


def _write_sold_out(
    event: Event, subscribers: Sequence[Subscriber], message: StoredMessage, at: LoggedAt, now: datetime
) -> int:
    interested = [one for one in subscribers if one.type == MessageType.SOLD_OUT]
    return len(write_other_messages(interested, event_id=event.pk, message=message, now=now, at=at))


def write_other_messages(
    subscribers: Sequence[Subscriber],
    *,
    event_id: int | None,
    message: StoredMessage,
    now: datetime,
    at: LoggedAt | None = None,
) -> list[WebhookDelivery]:
    """Writes a message that is not about a ticket to each of `subscribers`; `at`: where it stands in the event log."""
    rows = [
        WebhookDelivery(
            webhook_id=one.webhook_id,
            endpoint_id=one.endpoint_id,
            event_id=event_id,
            type=message.type,
            data=message.data,
            mark=message.mark,
            log_batch=at.batch if at else None,
            log_index=at.number if at else None,
            **_pending(now),
        )
        for one in subscribers
    ]
    return WebhookDelivery.objects.bulk_create(rows)


def _route(change: Outcome) -> str | None:
    """Identifies a callback's server and organizer."""
    return f"{change.callback.organizer_id} {_origin(change.callback)}" if change.callback else None


def _origin(callback: Callback) -> str:
    # The door has checked the URL, and the dispatcher checks it again when it connects.
    return check_url(callback.url, allow_private=True).origin


def _callbacks(changes: Sequence[Outcome], types: Iterable[MessageType]) -> list[Subscriber]:
    """Returns the callbacks' subscribers: endpoints under the default secret of the organizer who asked for them."""
    origins: dict[int, set[str]] = {}
    for change in changes:
        if change.callback:
            origins.setdefault(change.callback.organizer_id, set()).add(_origin(change.callback))
    return [
        Subscriber(endpoint.webhook_id, endpoint.pk, type_.value, f"{organizer_id} {endpoint.origin}")
        for organizer_id, wanted in origins.items()
        for endpoint in _endpoints(default_webhook(organizer_id), wanted)
        for type_ in types
    ]


def _endpoints(webhook: Webhook, origins: set[str]) -> QuerySet[WebhookEndpoint]:
    wanted = [WebhookEndpoint(webhook=webhook, origin=origin) for origin in sorted(origins)]
    WebhookEndpoint.objects.bulk_create(wanted, ignore_conflicts=True)
    return WebhookEndpoint.objects.filter(webhook=webhook, origin__in=origins)


def default_webhook(organizer_id: int) -> Webhook:
    """Returns the organizer's default secret; creates it when it is first needed."""
    found = Webhook.objects.filter(organizer_id=organizer_id, url="").first()
    if found is not None:
        return found
    made = Webhook(organizer_id=organizer_id, url="", secret=sealer().seal(new_secret()))
    Webhook.objects.bulk_create([made], ignore_conflicts=True)
    return Webhook.objects.get(organizer_id=organizer_id, url="")
