"""The operations of `events.ledger.database` that concern the outbox, on SQLite: through the ORM."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Q, QuerySet

from events.domain.times import from_ms
from events.domain.webhooks.states import DeliveryState
from events.ledger.records import AttemptRecord, MessageRecord, Subscriber
from events.ledger.webhooks.sql import CLAIMED_COLUMNS
from events.models import WebhookDelivery, WebhookEndpoint


def insert_deliveries(
    event_id: int, messages: Sequence[MessageRecord], subscribers: Sequence[Subscriber], *, now: datetime
) -> int:
    """Writes a delivery for each message and each of its subscribers."""
    rows = [
        _delivery(event_id, message, subscriber, now)
        for message in messages
        for subscriber in subscribers
        if subscriber.type == message.type and subscriber.route in (None, message.route)
    ]
    return len(WebhookDelivery.objects.bulk_create(rows))


def _delivery(event_id: int, message: MessageRecord, subscriber: Subscriber, now: datetime) -> WebhookDelivery:
    columns = msgspec.structs.asdict(message)
    del columns["route"]
    columns["log_batch"], columns["log_index"] = subscriber.log_batch, columns.pop("number")
    checked_in_ms, expires_ms = columns.pop("checked_in_ms"), columns.pop("expires_ms")
    columns["url"] = message.url if subscriber.route else ""
    columns["ticket_type_id"] = columns.pop("type_id")
    return WebhookDelivery(
        webhook_id=subscriber.webhook_id,
        endpoint_id=subscriber.endpoint_id,
        event_id=event_id,
        requested_at=from_ms(columns.pop("requested_ms")),
        decided_at=from_ms(columns.pop("decided_ms")),
        checked_in_at=None if checked_in_ms is None else from_ms(checked_in_ms),
        expires_at=None if expires_ms is None else from_ms(expires_ms),
        created_at=now,
        state=DeliveryState.PENDING.value,
        next_attempt_at=now,
        **columns,
    )


def claim_deliveries(
    *, now: datetime, until: datetime, capacities: Mapping[int, tuple[int, int]], per_endpoint: int, total: int
) -> Iterable[tuple[Any, ...]]:
    """Claims what is due."""
    with transaction.atomic():
        ready = WebhookEndpoint.objects.filter(webhook__disabled_at=None, webhook__deleted_at=None)
        ready = ready.filter(Q(open_until=None) | Q(open_until__lte=now)).order_by("?")
        ids = [pk for endpoint in ready for pk in _due(endpoint, now, *capacities.get(endpoint.pk, (0, per_endpoint)))]
        picked = WebhookDelivery.objects.filter(pk__in=ids[:total])
        picked.update(claimed_until=until)
        return list(picked.values_list(*CLAIMED_COLUMNS))


def _due(endpoint: WebhookEndpoint, now: datetime, claimed: int, free: int) -> list[int]:
    """Finds what may be sent to an endpoint of which the worker has `claimed` some: see `CLAIM_DELIVERIES`."""
    due = WebhookDelivery.objects.filter(Q(claimed_until=None) | Q(claimed_until__lte=now))
    due = due.filter(endpoint=endpoint, state=DeliveryState.PENDING.value, next_attempt_at__lte=now)
    tried, by_time = due.filter(step__gt=0), ("next_attempt_at", "pk")
    if endpoint.trips:
        probe = max(0, 1 - claimed)
        untried = due.filter(step=0).order_by(*by_time)
        return _first(tried.order_by("created_at", "pk"), probe) + _first(untried, probe)
    return _first(tried.order_by(*by_time), (free + 1) // 2) + _first(due.order_by(*by_time), free)


def _first(rows: QuerySet[WebhookDelivery], count: int) -> list[int]:
    return list(itertools.islice((row.pk for row in rows.iterator() if not _must_wait(row)), count))


def _must_wait(row: WebhookDelivery) -> bool:
    same = {"event_id": row.event_id, "ticket_key": row.ticket_key, "webhook_id": row.webhook_id}
    before = WebhookDelivery.objects.filter(**same, state=DeliveryState.PENDING.value, revision__lt=row.revision)
    return row.revision > 1 and before.exists()


def record_attempts(records: Sequence[AttemptRecord]) -> None:
    """Writes the results of attempts."""
    for record in records:
        row = WebhookDelivery.objects.filter(pk=record.delivery_id, state=DeliveryState.PENDING.value).first()
        delivered = record.state == DeliveryState.DELIVERED
        if row and (delivered or row.claimed_until == record.claimed_until):
            _record_attempt(row, record)


def _record_attempt(row: WebhookDelivery, record: AttemptRecord) -> None:
    row.state, row.step, row.attempts = record.state, record.step, row.attempts + 1
    row.next_attempt_at, row.claimed_until = record.next_attempt_at or row.next_attempt_at, None
    row.last_attempt_at, row.last_status_code, row.last_error = record.started_at, record.status_code, record.error
    row.save()
