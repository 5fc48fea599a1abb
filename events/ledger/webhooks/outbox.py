"""The outbox: webhook messages are written in the transaction of the decision, so none is lost and none is false.

A batch's changes and its subscribers go to the database in bulk and are joined there. An event without subscribers
costs one short query a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from events.domain.commands import Callback
from events.domain.outcome import Outcome
from events.domain.public.event import render_event
from events.domain.times import to_ms, whole_ms
from events.domain.webhooks.message import TYPE_OF_STATUS, MessageType, encode_data
from events.domain.webhooks.signing import new_secret
from events.domain.webhooks.states import DeliveryState
from events.domain.webhooks.url import check_url
from events.ledger.database import database
from events.ledger.queries import event_snapshot
from events.ledger.records import MessageRecord, Subscriber
from events.ledger.webhooks import sql
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
    if not changes and not sold_out:
        return 0
    now = whole_ms(now)
    subscribers = _subscribed(event)
    announced = [change for change in changes if change.status in TYPE_OF_STATUS]
    written = _write_sold_out(event, subscribers, now) if sold_out else 0
    subscribers = [one for one in subscribers if one.type != MessageType.SOLD_OUT]
    subscribers += _callbacks(announced, [*TYPE_OF_STATUS.values(), *([MessageType.UPDATED] if corrected else [])])
    if subscribers and announced:
        typed = [(TYPE_OF_STATUS[change.status], change) for change in announced]
        if corrected:
            typed = _with_corrections(typed, corrected)
        written += _write_changes(event.pk, typed, subscribers, now)
    return written


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
    event_id: int, changes: Iterable[tuple[MessageType, Outcome]], subscribers: Sequence[Subscriber], now: datetime
) -> int:
    messages = [_message(number, type_, change) for number, (type_, change) in enumerate(changes)]
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
    )


def write_check_in_messages(event: Event, change: Outcome, *, type_: MessageType, now: datetime) -> int:
    """Writes the messages about a check-in or its undoing. Returns how many were written."""
    subscribers = [*_subscribed(event), *_callbacks([change], [type_])]
    return _write_changes(event.pk, [(type_, change)], subscribers, now) if subscribers else 0


def _pending(now: datetime) -> dict[str, Any]:
    return {"created_at": now, "state": DeliveryState.PENDING.value, "next_attempt_at": now}


def _write_sold_out(event: Event, subscribers: Sequence[Subscriber], now: datetime) -> int:
    interested = [one for one in subscribers if one.type == MessageType.SOLD_OUT]
    if not interested:
        return 0
    data = render_event(event_snapshot(event), now_ms=to_ms(now))
    return len(
        write_other_messages(interested, event_id=event.pk, type_=MessageType.SOLD_OUT.value, data=data, now=now)
    )


def write_other_messages(
    subscribers: Sequence[Subscriber], *, event_id: int | None, type_: str, data: Any, now: datetime
) -> list[WebhookDelivery]:
    """Writes a message that is not about a ticket to each of `subscribers`."""
    rows = [
        WebhookDelivery(
            webhook_id=one.webhook_id,
            endpoint_id=one.endpoint_id,
            event_id=event_id,
            type=type_,
            data=encode_data(data),
            mark=tickets().mark,
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
