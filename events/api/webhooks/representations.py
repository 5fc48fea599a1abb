"""Webhooks and their deliveries as their organizer sees them. A secret is shown once, when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from events.domain.scopes import Scope, without_keys
from events.domain.times import iso_of
from events.models import Webhook, WebhookDelivery, WebhookEndpoint
from events.models.webhook import DeliveryState
from events.secrets import message_ids, tickets


def webhook_data(webhook: Webhook, *, scope: Scope = Scope.FULL, **shown_once: str) -> dict[str, Any]:
    """A subscription, or the default secret; `shown_once` is its new secret."""
    return webhooks_data([webhook], scope=scope)[0] | shown_once


def webhooks_data(webhooks: list[Webhook], *, scope: Scope = Scope.FULL) -> list[dict[str, Any]]:
    """The same for many, with one question to the database."""
    own = WebhookEndpoint.objects.filter(webhook__in=webhooks, origin="")
    failing = dict(own.values_list("webhook_id", "failing_since"))
    return [_webhook(webhook, failing.get(webhook.pk), scope) for webhook in webhooks]


def _webhook(webhook: Webhook, failing_since: datetime | None, scope: Scope) -> dict[str, Any]:
    return {
        "id": webhook.pk,
        "url": _url(webhook.url, scope),
        "default_secret": webhook.is_default,
        "event_types": webhook.event_types,
        "event_id": webhook.event_id,
        "enabled": webhook.disabled_at is None,
        "disabled_at": iso_of(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason or None,
        "failing_since": iso_of(failing_since),
        "previous_secret_until": iso_of(webhook.previous_secret_until),
        "created_at": iso_of(webhook.created_at),
    }


def delivery_data(row: WebhookDelivery, *, scope: Scope = Scope.FULL) -> dict[str, Any]:
    """One line of the delivery log."""
    waits = row.state == DeliveryState.PENDING.value
    ticket_id = None
    if row.event_id and row.ticket_key:
        ticket_id = tickets().ticket_id(event_id=row.event_id, key=row.ticket_key, mark=row.mark)
    data = {
        "id": row.pk,
        "webhook_id": row.webhook_id,
        "message_id": message_ids().of(row.pk, row.mark),
        "type": row.type,
        "event_id": row.event_id,
        "ticket_id": ticket_id,
        "url": _url(row.url, scope),
        "state": row.state,
        "attempts": row.attempts,
        "last_status_code": row.last_status_code,
        "last_error": row.last_error or None,
        "last_attempt_at": iso_of(row.last_attempt_at),
        "next_attempt_at": iso_of(row.next_attempt_at) if waits else None,
        "created_at": iso_of(row.created_at),
    }
    return without_keys(data, scope)


def _url(url: str, scope: Scope) -> str | None:
    """The address; for another scope than `full` only its server, since the path of many receivers is their key."""
    if not url or scope is Scope.FULL:
        return url or None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"
